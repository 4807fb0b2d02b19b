// Flags that count minutes: a bare number, or a duration as people write it.
import { parseDuration } from '../../../protocol/durations.ts'
import { flagOf, textOf } from '../options.ts'
import type { Parsed } from '../verb.ts'

/** Minutes of a flag, maybe a fraction; undefined when it was not given. */
export function minutesOf(parsed: Parsed, name: string): number | undefined {
  const text = textOf(parsed, name)
  return text === undefined ? undefined : parseDuration(text, flagOf(name), 'm') / 60
}

/** Milliseconds of a flag whose bare numbers are seconds; undefined when it was not given. */
export function millisecondsOf(parsed: Parsed, name: string): number | undefined {
  const text = textOf(parsed, name)
  if (text === undefined) return undefined
  return Math.round(parseDuration(text, flagOf(name), 's') * 1000)
}
