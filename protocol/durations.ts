// Durations as people write them: 5s, 30m, 1h30m, 2d, 90, 05:00, 1-02:00:00. Text only, no clock.
import { fault } from './faults.ts'

const secondsOf: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 }
const largestSeconds = 100 * 366 * 86_400

/**
 * Seconds of a duration. A bare number counts in `bareUnit` (Slurm's -t counts minutes). With
 * colons it is MM:SS or HH:MM:SS, with a dash D-HH, D-HH:MM or D-HH:MM:SS, as Slurm reads them.
 * Throws BAD_FIELD naming `field`.
 */
export function parseDuration(text: string, field: string, bareUnit: 's' | 'm'): number {
  const seconds = read(text.trim(), bareUnit)
  if (seconds === undefined || seconds > largestSeconds) {
    const what = `"${text}" is no duration; write 5s, 30m, 1h30m, 2d or 1-02:00:00`
    throw fault('BAD_FIELD', { field, what })
  }
  return seconds
}

function read(text: string, bareUnit: 's' | 'm'): number | undefined {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * (secondsOf[bareUnit] ?? 1)
  const slurm = /^(?:(\d+)-)?(\d+)(?::(\d{1,2}))?(?::(\d{1,2}))?$/.exec(text)
  if (slurm !== null) return readSlurm(slurm)
  return /^(\d+(\.\d+)?[smhdw])+$/.test(text) ? sumOfParts(text) : undefined
}

/** With days the first number is hours; without, two numbers are MM:SS. */
function readSlurm(parts: RegExpExecArray): number {
  const [first, second, third] = [parts[2], parts[3], parts[4]].map((part) => Number(part ?? 0))
  const [a, b, c] = [first ?? 0, second ?? 0, third ?? 0]
  if (parts[1] !== undefined) return Number(parts[1]) * 86_400 + a * 3600 + b * 60 + c
  return parts[4] === undefined ? a * 60 + b : a * 3600 + b * 60 + c
}

function sumOfParts(text: string): number {
  let sum = 0
  for (const [, number, unit] of text.matchAll(/(\d+(?:\.\d+)?)([smhdw])/g)) {
    sum += Number(number) * (secondsOf[unit ?? 's'] ?? 1)
  }
  return sum
}

/** Seconds as people read them: 4.2s, 38s, 2m05s, 2h05m, 3d04h. */
export function showDuration(seconds: number): string {
  const two = (n: number): string => String(Math.floor(n)).padStart(2, '0')
  if (seconds < 10) return `${Math.max(0, seconds).toFixed(1)}s`
  if (seconds < 60) return `${Math.round(seconds)}s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m${two(seconds % 60)}s`
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)}h${two((seconds % 3600) / 60)}m`
  return `${Math.floor(seconds / 86_400)}d${two((seconds % 86_400) / 3600)}h`
}
