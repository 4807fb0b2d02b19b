// What the spawners of an ended allocation wrote down: exits that no launcher could report any
// more. Must never invent one: a line that is torn or odd is left out, and its task ends as lost.
import { createReadStream } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { FoundExits } from '../core/allocation-services.ts'

/** One exit as a spawner journals it. */
interface JournalExit {
  readonly token: number
  readonly code: number | null
  readonly signal: number | null
  readonly error: string | null
  readonly startedAtMs: number
  readonly endedAtMs: number
  readonly userMs: number
  readonly systemMs: number
  readonly maxRssKiB: number
  readonly isRssBelow: boolean
  readonly orphans: number
}

/**
 * All exits in the journals of a run directory, each token once, in the form of an exited frame.
 */
export async function readExits(runDirectory: string): Promise<FoundExits> {
  const flat: number[] = []
  const reasons: [number, string][] = []
  const seen = new Set<number>()
  for (const journal of await journalsOf(runDirectory)) {
    for await (const line of createInterface({ input: createReadStream(journal) })) {
      const exit = parseExit(line)
      if (exit === null || seen.has(exit.token)) continue
      seen.add(exit.token)
      flat.push(...numbersOf(exit))
      if (exit.error !== null) reasons.push([exit.token, exit.error])
    }
  }
  return { flat, reasons }
}

async function journalsOf(runDirectory: string): Promise<string[]> {
  const nodes = (await names(runDirectory)).filter((name) => /^node-\d+$/.test(name))
  const found: string[] = []
  for (const node of nodes.sort()) {
    const files = (await names(join(runDirectory, node))).filter((name) =>
      /^spawner-.*\.journal$/.test(name),
    )
    found.push(...files.sort().map((name) => join(runDirectory, node, name)))
  }
  return found
}

async function names(directory: string): Promise<string[]> {
  try {
    return await readdir(directory)
  } catch {
    // A launcher that never came to start a spawner left no directory.
    return []
  }
}

function numbersOf(exit: JournalExit): number[] {
  const { token, code, signal, startedAtMs, endedAtMs, maxRssKiB } = exit
  const wallMs = startedAtMs > 0 ? Math.max(endedAtMs - startedAtMs, 0) : 0
  const rssKiB = exit.isRssBelow ? -maxRssKiB : maxRssKiB
  const used = [exit.userMs, exit.systemMs, rssKiB, exit.orphans]
  return [token, code ?? -1, signal ?? 0, startedAtMs, wallMs, ...used].map(Math.round)
}

function parseExit(line: string): JournalExit | null {
  // Most lines are starts: they are told by their first letters, without parsing.
  if (!line.startsWith('{"e"')) return null
  try {
    const value: unknown = JSON.parse(line)
    const exit: unknown = isRecord(value) ? value['e'] : null
    return isExit(exit) ? exit : null
  } catch {
    return null
  }
}

const numbers = ['startedAtMs', 'endedAtMs', 'userMs', 'systemMs', 'maxRssKiB', 'orphans'] as const

function isExit(value: unknown): value is JournalExit {
  if (!isRecord(value)) return false
  const { token, code, signal, error, isRssBelow } = value
  if (!Number.isSafeInteger(token) || typeof isRssBelow !== 'boolean') return false
  if (!isCode(code) || !isCode(signal)) return false
  if (error !== null && typeof error !== 'string') return false
  return numbers.every((name) => Number.isFinite(value[name]))
}

function isCode(value: unknown): boolean {
  return value === null || Number.isSafeInteger(value)
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
