// The transitions of a machine as rows for people, read from the definition in use.
import type { AnyStateMachine, AnyStateNode } from 'xstate'

/** One transition, or several that differ only in the state which their event names. */
export interface Row {
  /** null: of the machine itself, in every state that does not hear the event in its own way. */
  readonly from: string | null
  readonly event: string
  /** Name of the guard, or '' for none. */
  readonly when: string
  /** null: it stays. */
  readonly to: string | null
  /** True when the event names the state to go to. */
  readonly isNamed: boolean
  readonly effects: readonly string[]
  /** Names of the changes of the context. */
  readonly changes: readonly string[]
}

/** All rows of a machine: those of its states in their order, then those of the machine itself. */
export function rowsOf(machine: AnyStateMachine): readonly Row[] {
  const states = Object.values(machine.root.states)
  return [...states, machine.root].flatMap((node) => rowsOfNode(machine, node))
}

/** Effects of entering a state. */
export function entryEffects(machine: AnyStateMachine, state: string): readonly string[] {
  const node = machine.root.states[state]
  return node === undefined ? [] : split(machine, node.entry).effects
}

function rowsOfNode(machine: AnyStateMachine, node: AnyStateNode): readonly Row[] {
  const from = node === machine.root ? null : node.key
  const ways = [...node.transitions.values()].flat()
  const rows = ways.map((way): Row => {
    const guard = nameOf(way.guard)
    const target = way.target?.[0]
    const isNamed = isNaming(way.guard)
    return {
      from,
      event: String(way.eventType),
      when: isNamed ? '' : guard,
      to: target === undefined || isNamed ? null : target.key,
      isNamed,
      ...split(machine, way.actions),
    }
  })
  const texts = rows.map((row) => JSON.stringify(row))
  return rows.filter((row, index) => !row.isNamed || texts.indexOf(JSON.stringify(row)) === index)
}

/** Sorts the names of actions into effects and changes of the context. */
function split(
  machine: AnyStateMachine,
  actions: readonly unknown[],
): Pick<Row, 'effects' | 'changes'> {
  const names = actions.map(nameOf)
  const made: Readonly<Record<string, unknown>> = machine.implementations.actions
  const isChange = (name: string): boolean => {
    const code = made[name]
    return typeof code === 'function' && 'assignment' in code
  }
  return {
    effects: names.filter((name) => !isChange(name)),
    changes: names.filter(isChange),
  }
}

function nameOf(reference: unknown): string {
  if (typeof reference === 'string') return reference
  const isObject = typeof reference === 'object' && reference !== null && 'type' in reference
  return isObject && typeof reference.type === 'string' ? reference.type : ''
}

function isNaming(guard: unknown): boolean {
  return nameOf(guard) === 'goesTo'
}
