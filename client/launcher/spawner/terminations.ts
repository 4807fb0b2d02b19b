// Kills: TERM to the group, KILL after the grace, and the search for what left the group.
// Must never signal a pid that may have been given to another process, nor search /proc (some ms)
// once per task when many are killed: one search serves all of a turn.
import { taskMarkerVariable } from '../../../protocol/allocation-file.ts'
import { limits } from '../../../protocol/limits.ts'
import type { Clock } from '../../../protocol/ports.ts'
import type { Backend, Ending } from './backend.ts'
import type { Kill } from './messages.ts'
import type { Running } from './running.ts'

/** Linux signal numbers, equal on all architectures that Node supports. */
const signals = { kill: 9, terminate: 15, continue: 18 } as const

const noGroups: ReadonlySet<number> = new Set()

/** A task whose leader is gone and whose leftovers have been looked for: with their number. */
export type Swept = readonly [Running, Ending, endedAtMs: number, orphans: number]

/** Kills under way. */
export interface Terminations {
  begin(one: Running, kill: Pick<Kill, 'graceMs' | 'reason'>): void
  /** The leader has ended; processes may be left. */
  sweep(one: Running, ending: Ending, endedAtMs: number): void
  /** Does what is due and returns the tasks that are over. */
  act(): Swept[]
  /** Tokens that have ended and not been returned. */
  sweeping(): number[]
  /** Monotonic ms of the next thing to do; Infinity for none. */
  dueAtMs(): number
}

/** None yet. */
export function makeTerminations(backend: Backend, clock: Clock): Terminations {
  const killAtMs = new Map<Running, number>()
  const terminated = new Map<string, number>()
  let ended: { one: Running; ending: Ending; endedAtMs: number }[] = []

  const killDue = (): void => {
    if (killAtMs.size === 0) return
    const nowMs = clock.monotonicMs()
    for (const [one, atMs] of killAtMs) {
      if (atMs > nowMs) continue
      backend.signal(one, signals.kill)
      killAtMs.delete(one)
    }
  }
  /** Kills by marker until a search finds nothing new: a fork may slip through one search. */
  const killMarked = (markers: ReadonlySet<string>): Map<string, Set<number>> => {
    const pids = new Map([...markers].map((marker) => [marker, new Set<number>()]))
    for (let round = 0; round < limits.markerRoundsMax; round++) {
      const found = backend.signalMarked(markers, signals.kill, noGroups)
      const fresh = found.filter(({ marker, pid }) => pids.get(marker)?.has(pid) === false)
      for (const { marker, pid } of fresh) pids.get(marker)?.add(pid)
      if (fresh.length === 0) break
    }
    return pids
  }

  return {
    begin(one, { graceMs, reason }) {
      one.isKilled = true
      one.killReason ??= reason
      const atMs = clock.monotonicMs() + Math.max(0, graceMs)
      killAtMs.set(one, Math.min(atMs, killAtMs.get(one) ?? Number.POSITIVE_INFINITY))
      if (graceMs <= 0) return
      backend.signal(one, signals.terminate)
      // A stopped process hears TERM only when it continues.
      backend.signal(one, signals.continue)
      const marker = markerOf(one)
      if (marker !== undefined) terminated.set(marker, one.pid)
    },
    sweep(one, ending, endedAtMs) {
      killAtMs.delete(one)
      ended.push({ one, ending, endedAtMs })
    },
    act() {
      killDue()
      if (terminated.size > 0) {
        // Those in the group have been told; a second TERM would end some programs at once.
        const groups = new Set(terminated.values())
        backend.signalMarked(new Set(terminated.keys()), signals.terminate, groups)
        terminated.clear()
      }
      if (ended.length === 0) return []
      const swept = ended
      ended = []
      const markers = new Set(swept.flatMap(({ one }) => markerOf(one) ?? []))
      const pids = killMarked(markers)
      return swept.map(({ one, ending, endedAtMs }) => {
        // Marked ones are counted; the group's kill reaches those that dropped their environment.
        if (ending.hasLeftovers) backend.killGroup(one.pid)
        const found = pids.get(markerOf(one) ?? '')?.size ?? 0
        return [one, ending, endedAtMs, Math.max(found, ending.hasLeftovers ? 1 : 0)]
      })
    },
    sweeping: () => ended.map(({ one }) => one.task.token),
    dueAtMs() {
      if (ended.length > 0 || terminated.size > 0) return Number.NEGATIVE_INFINITY
      let dueMs = Number.POSITIVE_INFINITY
      for (const atMs of killAtMs.values()) dueMs = Math.min(dueMs, atMs)
      return dueMs
    },
  }
}

function markerOf(one: Running): string | undefined {
  return one.task.env[taskMarkerVariable]
}
