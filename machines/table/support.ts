// What a table can't do, refused at start with the place in the machine and the reason.
import type { AnyStateMachine, AnyStateNode } from 'xstate'

/** The error for a machine that can't be compiled. */
export function unsupported(machine: string, place: string, reason: string): Error {
  return new Error(`the ${machine} machine can't become a table: ${place} ${reason}`)
}

/** Throws unless the machine is flat, has just these states and nothing that acts by itself. */
export function refuseUnsupported(machine: AnyStateMachine, states: readonly string[]): void {
  const { root } = machine
  if (root.type !== 'compound') throw unsupported(machine.id, 'the root', `is ${root.type}`)
  if (root.entry.length > 0 || root.exit.length > 0) {
    throw unsupported(machine.id, 'the root', 'has entry or exit actions')
  }
  refuseNode(machine.id, 'the root', root)
  const names = Object.keys(root.states)
  const missing = names.find((name) => !states.includes(name))
  if (missing !== undefined) throw unsupported(machine.id, missing, 'is not in the list of states')
  if (new Set(states).size !== states.length) {
    throw unsupported(machine.id, 'the list of states', 'names one twice')
  }
  for (const [name, node] of Object.entries(root.states)) {
    if (node.type !== 'atomic') throw unsupported(machine.id, name, `is ${node.type}`)
    refuseNode(machine.id, name, node)
  }
}

function refuseNode(machine: string, place: string, node: AnyStateNode): void {
  if (node.always !== undefined && node.always.length > 0) {
    throw unsupported(machine, place, 'has always')
  }
  if (node.after.length > 0) throw unsupported(machine, place, 'has after: a deadline is data')
  if (node.invoke.length > 0) throw unsupported(machine, place, 'invokes an actor')
}

/** Throws for kinds of transitions that the table does not know. */
export function refuseTransition(
  machine: string,
  place: string,
  way: { readonly eventType: string },
): void {
  if (way.eventType.includes('*')) throw unsupported(machine, place, 'uses a wildcard')
  if (way.eventType.startsWith('xstate.')) throw unsupported(machine, place, 'hears XState itself')
}
