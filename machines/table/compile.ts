// Compiles a flat XState machine into a table. Runs once, at start, from the definition in use.
// Must never guess: whatever it does not support is refused with the place and the reason.
import type { AnyStateMachine, AnyStateNode, ContextFrom, EventFromLogic } from 'xstate'
import { compileGuard, type MachineCode, splitActions } from './parts.ts'
import { refuseTransition, refuseUnsupported, unsupported } from './support.ts'
import type { Candidate, ChangeGroup } from './table.ts'
import { Table } from './table.ts'
import type { Transition } from './transition.ts'

type Definition = NonNullable<ReturnType<AnyStateNode['transitions']['get']>>[number]

/** All that is collected while the rows are made. */
interface Making<Context, Event> {
  readonly code: MachineCode
  readonly states: readonly string[]
  readonly transitions: Transition[]
  readonly changes: (readonly ChangeGroup<Context, Event>[])[]
}

/**
 * The table of a machine; `states` are its states in the order of their numbers.
 * Throws an Error that names the place when the machine uses what a table can't do: nested,
 * parallel, final or history states, always, after, invoke, wildcards, delayed or built-in actions.
 */
export function compile<
  Machine extends AnyStateMachine,
  State extends string,
  Effect extends string = string,
>(
  machine: Machine,
  states: readonly State[],
): Table<State, EventFromLogic<Machine>, ContextFrom<Machine>, Effect> {
  refuseUnsupported(machine, states)
  const code: MachineCode = { id: machine.id, implementations: machine.implementations }
  const events = [...new Set([machine.root, ...nodesOf(machine, states)].flatMap(eventsOf))]
  const making: Making<ContextFrom<Machine>, EventFromLogic<Machine>> = {
    code,
    states,
    transitions: [],
    changes: [],
  }
  const rows = nodesOf(machine, states).flatMap((node, from) =>
    events.map((name, event) => {
      // XState asks the state first and its parent only when no guard of the state's own held.
      const own = node.transitions.get(name) ?? []
      const inherited = machine.root.transitions.get(name) ?? []
      return reachable([...own, ...inherited]).map((way) =>
        candidate(making, node, way, from, event),
      )
    }),
  )
  return new Table({
    states,
    events,
    rows,
    transitions: Object.freeze(making.transitions),
    changes: making.changes,
  })
}

/** Whatever stands behind a way without a guard is never taken. */
function reachable(ways: readonly Definition[]): readonly Definition[] {
  const last = ways.findIndex((way) => way.guard === undefined)
  return last < 0 ? ways : ways.slice(0, last + 1)
}

function nodesOf(machine: AnyStateMachine, states: readonly string[]): AnyStateNode[] {
  return states.map((name) => {
    const node = machine.root.states[name]
    if (node === undefined) throw unsupported(machine.id, name, 'is in the list but not a state')
    return node
  })
}

function eventsOf(node: AnyStateNode): string[] {
  return [...node.transitions.keys()]
}

function candidate<Context, Event>(
  making: Making<Context, Event>,
  node: AnyStateNode,
  way: Definition,
  from: number,
  event: number,
): Candidate<Context, Event> {
  const place = `${node.key}.${String(way.eventType)}`
  refuseTransition(making.code.id, place, way)
  const target = targetOf(making, way, place)
  const actions = actionsOf(node, way, target === null ? null : way.target?.[0])
  const { effects, changes } = splitActions<Context, Event>(making.code, place, actions)
  const { guard, name } = compileGuard<Context, Event>(making.code, place, way.guard)
  const to = target ?? from
  if (to === from && effects.length === 0 && changes.length === 0) {
    return { guard, transition: null }
  }
  const transition: Transition = Object.freeze({
    index: making.transitions.length,
    from,
    event,
    target: to,
    isMove: to !== from,
    effects: Object.freeze(effects),
    hasChanges: changes.length > 0,
    guard: name,
  })
  making.transitions.push(transition)
  making.changes.push(changes)
  return { guard, transition }
}

/** Number of the target, or null when the transition stays where it is. */
function targetOf(
  making: Pick<Making<unknown, unknown>, 'code' | 'states'>,
  way: Definition,
  place: string,
): number | null {
  const [target, ...more] = way.target ?? []
  if (target === undefined) return null
  const number = more.length === 0 ? making.states.indexOf(target.key) : -1
  if (number < 0) throw unsupported(making.code.id, place, 'has not one state as its target')
  return number
}

/** The actions in the order in which XState runs them: exit, the transition's own, entry. */
function actionsOf(
  node: AnyStateNode,
  way: Definition,
  target: AnyStateNode | null | undefined,
): readonly unknown[] {
  if (target === null || target === undefined) return way.actions
  // A state's own transition to itself does not leave it; one of the root's does.
  const isInner = target === node && way.source === node && !way.reenter
  return isInner ? way.actions : [...node.exit, ...way.actions, ...target.entry]
}
