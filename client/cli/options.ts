// Reading of commander's loosely typed values, and the flags that several verbs share.
// Every reader throws BAD_FIELD with the flag's name; none falls back silently.
import type { Command } from 'commander'
import { fault } from '../../protocol/faults.ts'
import type { JobFilter } from '../../protocol/job.ts'
import type { Where } from '../../protocol/query.ts'
import type { JobState } from '../../protocol/states.ts'
import { isJobState, jobStates } from '../../protocol/states.ts'
import { hint } from '../../protocol/suggest.ts'
import { parseCondition, patternCondition } from './request/condition.ts'
import type { Parsed } from './verb.ts'

/** The flag's text, or undefined when it was not given. */
export function textOf(parsed: Parsed, name: string): string | undefined {
  const value = parsed.options[name]
  return typeof value === 'string' ? value : undefined
}

/** Was the flag given? */
export function isGiven(parsed: Parsed, name: string): boolean {
  return parsed.options[name] === true
}

/** All values of a flag that may be repeated or take several words. */
export function wordsOf(parsed: Parsed, name: string): readonly string[] {
  const value = parsed.options[name]
  return Array.isArray(value) ? value.map(String) : typeof value === 'string' ? [value] : []
}

/** A whole number at least `min`; undefined when the flag was not given. */
export function integerOf(parsed: Parsed, name: string, min: number): number | undefined {
  const text = textOf(parsed, name)
  if (text === undefined) return undefined
  const number = /^[+-]?[\d_]+$/.test(text) ? Number(text.replaceAll('_', '')) : Number.NaN
  if (!Number.isSafeInteger(number) || number < min) {
    const what = `${text} is no whole number${min > -1e6 ? ` of at least ${min}` : ''}`
    throw fault('BAD_FIELD', { field: flagOf(name), what })
  }
  return number
}

/** The flag as it is typed: `wallTime` → `--wall-time`. */
export function flagOf(name: string): string {
  return `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
}

/** Collects the values of a flag that may be repeated. */
export function collect(value: string, before: readonly string[] | undefined): string[] {
  return [...(before ?? []), value]
}

/** Adds the flags that choose jobs. */
export function declareFilters(command: Command): void {
  command
    .option('--id <ID>', 'this job; may be repeated, or ID,ID or FIRST-LAST', collect)
    .option('--name <NAME>', 'jobs of this name; * stands for any text')
    .option('--workflow, --wf <WORKFLOW>', 'jobs of this workflow; * stands for any text')
    .option('--state <STATE>', 'jobs in this state; may be repeated, or STATE,STATE', collect)
    .option('--app, --application <APP>', 'jobs of this app')
    .option('--tag <KEY=VALUE>', 'jobs with this tag; may be repeated', collect)
    .option(
      '--where <CONDITION>',
      'e.g. "data.energy<-3" or "attempts>1"; may be repeated',
      collect,
    )
}

/** The filter that the flags make; `ids` come from elsewhere. */
export function filterOf(parsed: Parsed): JobFilter {
  const application = textOf(parsed, 'application')
  const states = wordsOf(parsed, 'state')
    .flatMap((word) => word.split(','))
    .map(stateOf)
  const conditions: Where[] = wordsOf(parsed, 'where').map(parseCondition)
  const exact: { name?: string; workflow?: string } = {}
  for (const [field, option] of [
    ['name', 'name'],
    ['workflow', 'wf'],
  ] as const) {
    const text = textOf(parsed, option)
    if (text === undefined) continue
    if (text.includes('*')) conditions.push(patternCondition(field, text))
    else exact[field] = text
  }
  return {
    ...exact,
    ...(application === undefined ? {} : { application }),
    ...(states.length === 0 ? {} : { states }),
    ...(parsed.options['tag'] === undefined ? {} : { tags: environmentOf(parsed, 'tag') }),
    ...(conditions.length === 0 ? {} : { where: { all: conditions } }),
  }
}

/** A state in any case of letters. */
function stateOf(word: string): JobState {
  const state = word.trim().toUpperCase()
  if (isJobState(state)) return state
  const what = `there is no state ${word}${hint(state, jobStates)}`
  throw fault('BAD_FIELD', { field: '--state', what })
}

/** K=V flags as a record. */
export function environmentOf(parsed: Parsed, name: string): Record<string, string> {
  const pairs = wordsOf(parsed, name).map((pair) => {
    const at = pair.indexOf('=')
    if (at < 1) throw fault('BAD_FIELD', { field: flagOf(name), what: `${pair} is not NAME=VALUE` })
    return [pair.slice(0, at), pair.slice(at + 1)] as const
  })
  return Object.fromEntries(pairs)
}

/** Flags of Balsam 0.3 whose feature is not there yet: known, then refused by name. */
export function declareLater(command: Command, flags: readonly string[]): void {
  for (const flag of flags) command.addOption(command.createOption(flag).hideHelp())
}

/** Throws UNSUPPORTED for each given flag of these, with a sentence. */
export function refuseLater(parsed: Parsed, later: Readonly<Record<string, string>>): void {
  for (const [name, what] of Object.entries(later)) {
    if (parsed.options[name] !== undefined && parsed.options[name] !== false) {
      throw fault('UNSUPPORTED', { what: `${flagOf(name)} (${what})` })
    }
  }
}
