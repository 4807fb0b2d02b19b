// A compiled machine: what follows in which state upon which event, at table speed.
// Must never decide by itself: all it knows was compiled from the XState definition.
import type { Change, StepArgs, Transition } from './transition.ts'

/** A guard of the machine with its params. */
export interface CompiledGuard<Context, Event> {
  readonly holds: (args: StepArgs<Context, Event>, params: unknown) => boolean
  readonly params: unknown
}

/** A candidate of a row: taken when its guard holds and no earlier one's did. */
export interface Candidate<Context, Event> {
  readonly guard: CompiledGuard<Context, Event> | null
  /** null: the event is heard and nothing changes. */
  readonly transition: Transition | null
}

/** Changes of one assign action: computed from the same context, then written. */
export type ChangeGroup<Context, Event> = readonly Change<Context, Event>[]

/** What the compiler hands over. */
export interface TableParts<Context, Event> {
  readonly states: readonly string[]
  readonly events: readonly string[]
  /** Row of candidates at state × number of events + event. */
  readonly rows: readonly (readonly Candidate<Context, Event>[])[]
  readonly transitions: readonly Transition[]
  /** By transition index. */
  readonly changes: readonly (readonly ChangeGroup<Context, Event>[])[]
}

/** A stepper for millions of small machines that share one definition. */
export class Table<
  State extends string,
  Event extends { readonly type: string },
  Context extends object,
  Effect extends string = string,
> {
  /** State names; the index is the number. */
  readonly states: readonly State[]
  /** Event names; the index is the number. */
  readonly events: readonly Event['type'][]
  /** All transitions, by index. */
  readonly transitions: readonly Transition<Effect>[]
  readonly #rows: readonly (readonly Candidate<Context, Event>[])[]
  readonly #changes: readonly (readonly ChangeGroup<Context, Event>[])[]
  readonly #stateNumbers: ReadonlyMap<string, number>
  readonly #eventNumbers: ReadonlyMap<string, number>
  // One object for all calls of guards and assigners, so that a step allocates nothing.
  readonly #args: { context: Context; event: Event }

  constructor(parts: TableParts<Context, Event>) {
    // The compiler has compared the machine's names with those of the types.
    this.states = parts.states as readonly State[]
    this.events = parts.events
    this.transitions = parts.transitions as readonly Transition<Effect>[]
    this.#rows = parts.rows
    this.#changes = parts.changes
    this.#stateNumbers = new Map(parts.states.map((name, number) => [name, number]))
    this.#eventNumbers = new Map(parts.events.map((name, number) => [name, number]))
    this.#args = {} as { context: Context; event: Event }
  }

  /** The number of a state. Throws a RangeError for a name that the machine lacks. */
  state(name: State): number {
    return numberOf(this.#stateNumbers, name, 'state')
  }

  /** The number of an event. Throws a RangeError for a name that the machine lacks. */
  event(name: Event['type']): number {
    return numberOf(this.#eventNumbers, name, 'event')
  }

  /** The number of an event read from a record, or undefined for a word that is none. */
  findEvent(name: string): number | undefined {
    return this.#eventNumbers.get(name)
  }

  /**
   * What this event does in this state; null when nothing at all. Changes nothing: the caller takes
   * `target` as the new state, calls `apply` when `hasChanges`, and sees to the effects.
   */
  step(
    state: number,
    eventNumber: number,
    context: Context,
    event: Event,
  ): Transition<Effect> | null {
    const row = this.#rows[state * this.events.length + eventNumber]
    if (row === undefined) return null
    for (let index = 0; index < row.length; index += 1) {
      const candidate = row[index]
      if (candidate === undefined) break
      const { guard } = candidate
      if (guard !== null) {
        const args = this.#args
        args.context = context
        args.event = event
        if (!guard.holds(args, guard.params)) continue
      }
      return candidate.transition as Transition<Effect> | null
    }
    return null
  }

  /** Changes the counters of the context, in place, as the transition says. */
  apply(transition: Transition, context: Context, event: Event): void {
    if (!transition.hasChanges) return
    const groups = this.#changes[transition.index]
    if (groups === undefined) return
    const args = this.#args
    args.context = context
    args.event = event
    for (let index = 0; index < groups.length; index += 1) {
      const group = groups[index]
      if (group !== undefined) applyGroup(group, args)
    }
  }
}

function applyGroup<Context extends object, Event>(
  group: ChangeGroup<Context, Event>,
  args: StepArgs<Context, Event>,
): void {
  const [first] = group
  if (group.length === 1 && first !== undefined) {
    write(args.context, first.key, first.value(args, first.params))
    return
  }
  const values = group.map((change) => change.value(args, change.params))
  for (const [index, change] of group.entries()) write(args.context, change.key, values[index])
}

function write<Context extends object>(context: Context, key: keyof Context, value: unknown): void {
  // The assigner's type is checked where the machine is defined.
  context[key] = value as Context[keyof Context]
}

function numberOf(numbers: ReadonlyMap<string, number>, name: string, kind: string): number {
  const number = numbers.get(name)
  if (number === undefined) throw new RangeError(`the machine has no ${kind} ${name}`)
  return number
}
