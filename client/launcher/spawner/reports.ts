// The reports of a spawner, collected: a busy lane's exits may wait a moment for company, because
// each line wakes the launcher; an exit that leaves a lane hungry goes at once.
// Must never hold a report longer than limits.spawnerReportMs.
import { limits } from '../../../protocol/limits.ts'
import type { Report } from './messages.ts'

/** Collects and sends. */
export interface Reports {
  started(token: number, pid: number, atMs: number): void
  exited(token: number, json: string): void
  withdrawn(tokens: readonly number[]): void
  /** Something waits for what has been collected: it goes at the next flush. */
  hurry(): void
  /** Something that is no matter of tasks. */
  say(report: Report): void
  /** Ms until what is collected must go; Infinity when nothing is. */
  dueInMs(nowMs: number): number
  /** Sends what is due; `before` is called first when something is. */
  flush(nowMs: number, before: () => void): void
}

/** Reports that go out by `send`, whole lines at a time. */
export function makeReports(send: (lines: string) => void): Reports {
  const started = new Map<number, string>()
  let exits = ''
  let withdrawn: number[] = []
  let others = ''
  let sinceMs = Number.POSITIVE_INFINITY
  let isHurried = false

  const isEmpty = (): boolean =>
    started.size === 0 && exits === '' && withdrawn.length === 0 && others === ''
  const collect = (): string => {
    let lines = ''
    if (started.size > 0) lines += `{"op":"started","tasks":[${[...started.values()].join(',')}]}\n`
    if (exits !== '') lines += `{"op":"exited","tasks":[${exits}]}\n`
    if (withdrawn.length > 0) lines += `{"op":"withdrawn","tokens":[${withdrawn.join(',')}]}\n`
    lines += others
    started.clear()
    exits = ''
    withdrawn = []
    others = ''
    return lines
  }

  return {
    started(token, pid, atMs) {
      started.set(token, `[${token},${pid},${atMs}]`)
    },
    exited(token, json) {
      started.delete(token)
      exits += exits === '' ? json : `,${json}`
    },
    withdrawn(tokens) {
      for (const token of tokens) withdrawn.push(token)
      isHurried = true
    },
    hurry() {
      isHurried = true
    },
    say(report) {
      others += `${JSON.stringify(report)}\n`
      isHurried = true
    },
    dueInMs: (nowMs) => Math.max(0, sinceMs + limits.spawnerReportMs - nowMs),
    flush(nowMs, before) {
      if (isEmpty()) return
      if (sinceMs === Number.POSITIVE_INFINITY) sinceMs = nowMs
      if (!isHurried && nowMs - sinceMs < limits.spawnerReportMs) return
      sinceMs = Number.POSITIVE_INFINITY
      isHurried = false
      before()
      send(collect())
    },
  }
}
