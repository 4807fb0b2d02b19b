// One row's way of a compiled machine, and the counters that it changes. Types only.

/** What guards and assigners of the machine are called with. */
export interface StepArgs<Context, Event> {
  context: Context
  event: Event
}

/** A change of one counter of the context. */
export interface Change<Context, Event> {
  readonly key: keyof Context
  /** The new value, from the context as it was before the assign action. */
  readonly value: (args: StepArgs<Context, Event>, params: unknown) => unknown
  readonly params: unknown
}

/** What one event does in one state when its guard holds. Made at start and frozen. */
export interface Transition<Effect extends string = string> {
  /** Dense number over all transitions of the table, for tables that callers keep beside it. */
  readonly index: number
  /** Number of the state in which it starts. */
  readonly from: number
  /** Number of the event. */
  readonly event: number
  /** Number of the state after it; equal to `from` when it stays. */
  readonly target: number
  /** True when the state changes. */
  readonly isMove: boolean
  /** Names of the effects, in order. */
  readonly effects: readonly Effect[]
  /** True when `apply` changes counters. */
  readonly hasChanges: boolean
  /** What it says in the machine, for diagrams and proofs: the guard's name, or null. */
  readonly guard: string | null
}
