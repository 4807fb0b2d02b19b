// One line of a log for people: `2026-11-22 18:12:07 INFO  started  pid=17`.
// Lines that are no JSON (a crash, a library) are shown as they are.
import { escapeControls } from '../../../protocol/faults.ts'
import { localTime } from './job-columns.ts'
import { type Colour, type Look, paint } from './look.ts'

/** pino's numbers. */
const levels: Readonly<Record<number, string>> = {
  10: 'TRACE',
  20: 'DEBUG',
  30: 'INFO',
  40: 'WARN',
  50: 'ERROR',
  60: 'FATAL',
}
const colours: Readonly<Record<string, Colour>> = {
  DEBUG: 'grey',
  WARN: 'yellow',
  ERROR: 'red',
  FATAL: 'red',
}
/** Said by the time and the message, or the same on every line. */
const leftOut = new Set(['time', 'level', 'msg', 'pid', 'hostname', 'v'])

/** The line for people. */
export function logLine(line: string, look: Look): string {
  const record = recordOf(line)
  if (record === undefined) return escapeControls(line)
  const level = levels[Number(record['level'])] ?? textOf(record['level']).toUpperCase()
  const facts = Object.entries(record)
    .filter(([name]) => !leftOut.has(name))
    .map(([name, value]) => [name, textOf(value)] as const)
  const short = facts.filter(([, value]) => !value.includes('\n'))
  // A stack comes below its message, as it is known.
  const long = facts.filter(([, value]) => value.includes('\n'))
  const below = long.flatMap(([, value]) => value.split('\n').map((each) => `\n    ${each.trim()}`))
  const at = paint(timeOf(record['time']), 'grey', look)
  const shownLevel = paint(level.padEnd(5), colours[level], look)
  const words = [textOf(record['msg']), ...short.map(([name, value]) => `${name}=${value}`)]
  const message = escapeControls(words.join('  '))
  return `${at} ${shownLevel} ${message}${below.map(escapeBelow).join('')}`
}

/** The line for programs: level as a word, time as ISO 8601 UTC; what is no JSON is the message. */
export function logRecord(line: string): Readonly<Record<string, unknown>> {
  const record = recordOf(line)
  if (record === undefined) return { msg: line }
  const level = levels[Number(record['level'])]?.toLowerCase() ?? record['level']
  const at = dateOf(record['time'])
  return { ...record, level, time: at === undefined ? null : at.toISOString() }
}

/** Escapes all but the line break that the line begins with. */
function escapeBelow(line: string): string {
  return `\n${escapeControls(line.slice(1))}`
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
}

function recordOf(line: string): Readonly<Record<string, unknown>> | undefined {
  if (!line.startsWith('{')) return undefined
  try {
    // Our own logs; every field is read as unknown.
    return JSON.parse(line) as Record<string, unknown>
  } catch {
    return undefined
  }
}

function timeOf(time: unknown): string {
  const at = dateOf(time)
  return at === undefined ? '' : localTime(at.toISOString())
}

function dateOf(time: unknown): Date | undefined {
  const at = typeof time === 'number' || typeof time === 'string' ? new Date(time) : undefined
  return at === undefined || Number.isNaN(at.getTime()) ? undefined : at
}
