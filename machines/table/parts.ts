// Takes guards and actions of an XState machine apart for the table.
// Relies on two inner shapes of the pinned xstate: `assignment` of an assign action, and `check` of
// a built-in guard; the proofs in test/unit/machines fail when an update changes them.
import { unsupported } from './support.ts'
import type { ChangeGroup, CompiledGuard } from './table.ts'
import type { StepArgs } from './transition.ts'

/** Where the names of a machine are looked up. */
export interface MachineCode {
  readonly id: string
  readonly implementations: {
    readonly guards?: Readonly<Record<string, unknown>>
    readonly actions?: Readonly<Record<string, unknown>>
  }
}

type Callable<Args, Result> = (args: Args, params: unknown) => Result

function isCallable<Args, Result>(value: unknown): value is Callable<Args, Result> {
  return typeof value === 'function'
}

/** The name and params of a reference, which XState writes as 'name' or { type, params }. */
function reference(value: unknown): { readonly name: string; readonly params: unknown } | null {
  if (typeof value === 'string') return { name: value, params: undefined }
  if (typeof value !== 'object' || value === null || !('type' in value)) return null
  const params = 'params' in value ? value.params : undefined
  return typeof value.type === 'string' ? { name: value.type, params } : null
}

/** A guard as a function of context and event, with its name. */
export function compileGuard<Context, Event>(
  code: MachineCode,
  place: string,
  guard: unknown,
): { readonly guard: CompiledGuard<Context, Event> | null; readonly name: string | null } {
  if (guard === undefined) return { guard: null, name: null }
  const named = reference(guard)
  if (named === null) throw unsupported(code.id, place, 'has a guard without a name')
  const holds = code.implementations.guards?.[named.name]
  if (!isCallable<StepArgs<Context, Event>, boolean>(holds)) {
    throw unsupported(code.id, place, `has the guard ${named.name} without code`)
  }
  if ('check' in holds) throw unsupported(code.id, place, `combines guards in ${named.name}`)
  if (isCallable(named.params)) {
    throw unsupported(code.id, place, `has computed params for ${named.name}`)
  }
  return { guard: { holds, params: named.params }, name: guardName(named) }
}

function guardName(named: { readonly name: string; readonly params: unknown }): string {
  return named.params === undefined ? named.name : `${named.name} ${JSON.stringify(named.params)}`
}

/** Splits actions into names of effects and changes of the context, each in order. */
export function splitActions<Context, Event>(
  code: MachineCode,
  place: string,
  actions: readonly unknown[],
): { readonly effects: string[]; readonly changes: ChangeGroup<Context, Event>[] } {
  const effects: string[] = []
  const changes: ChangeGroup<Context, Event>[] = []
  for (const action of actions) {
    const named = reference(action)
    if (named === null) throw unsupported(code.id, place, 'has an action without a name')
    const run = code.implementations.actions?.[named.name]
    if (!isCallable(run)) {
      throw unsupported(code.id, place, `has the action ${named.name} without code`)
    }
    if (isCallable(named.params)) {
      throw unsupported(code.id, place, `has computed params for ${named.name}`)
    }
    if ('assignment' in run) {
      changes.push(changesOf(code, place, named.name, run.assignment, named.params))
    } else if ('resolve' in run) {
      throw unsupported(code.id, place, `uses a built-in action as ${named.name}`)
    } else if (named.params !== undefined) {
      throw unsupported(code.id, place, `gives params to the effect ${named.name}`)
    } else {
      effects.push(named.name)
    }
  }
  return { effects, changes }
}

function changesOf<Context, Event>(
  code: MachineCode,
  place: string,
  name: string,
  assignment: unknown,
  params: unknown,
): ChangeGroup<Context, Event> {
  if (typeof assignment !== 'object' || assignment === null) {
    throw unsupported(code.id, place, `assigns by one function in ${name}; name the keys`)
  }
  return Object.entries(assignment).map(([key, value]: [string, unknown]) => ({
    // The machine's types have checked the key.
    key: key as keyof Context,
    value: isCallable<StepArgs<Context, Event>, unknown>(value) ? value : () => value,
    params,
  }))
}
