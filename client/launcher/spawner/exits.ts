// The exit of a task, as it is reported and written down.
// Must be cheap: one is made for every task.
import type { Ending } from './backend.ts'
import { failureOf } from './hooks.ts'
import type { Exit } from './messages.ts'
import type { Running } from './running.ts'

/** The exit of a task that ran. */
export function exitOf(one: Running, ending: Ending, endedAtMs: number, orphans: number): Exit {
  return {
    token: one.task.token,
    pid: one.pid,
    code: ending.code,
    signal: ending.signal,
    error: ending.error ?? one.killReason ?? failureOf(one, ending),
    startedAtMs: one.startedAtMs,
    endedAtMs,
    userMs: ending.userMs,
    systemMs: ending.systemMs,
    maxRssKiB: ending.maxRssKiB,
    isRssBelow: ending.isRssBelow,
    orphans,
  }
}

/** The exit of a task that could not be started. */
export function refusalOf(token: number, error: string, atMs: number): Exit {
  return {
    token,
    pid: 0,
    code: null,
    signal: null,
    error,
    startedAtMs: atMs,
    endedAtMs: atMs,
    userMs: 0,
    systemMs: 0,
    maxRssKiB: 0,
    isRssBelow: false,
    orphans: 0,
  }
}

/** JSON of an exit, several times faster than JSON.stringify. */
export function exitJson(exit: Exit): string {
  const error = exit.error === null ? 'null' : JSON.stringify(exit.error)
  return (
    `{"token":${exit.token},"pid":${exit.pid},"code":${exit.code},"signal":${exit.signal},` +
    `"error":${error},"startedAtMs":${exit.startedAtMs},"endedAtMs":${exit.endedAtMs},` +
    `"userMs":${exit.userMs},"systemMs":${exit.systemMs},"maxRssKiB":${exit.maxRssKiB},` +
    `"isRssBelow":${exit.isRssBelow},"orphans":${exit.orphans}}`
  )
}
