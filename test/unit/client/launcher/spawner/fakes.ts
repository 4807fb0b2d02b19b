// A clock that stands still, and tasks with defaults.
import type { Task } from '../../../../../client/launcher/spawner/messages.ts'
import type { Clock, Log } from '../../../../../protocol/ports.ts'

/** A clock that moves only when told. */
export interface FakeClock extends Clock {
  advance(ms: number): void
}

export function fakeClock(): FakeClock {
  let nowMs = 1_000
  return {
    wallMs: () => nowMs,
    monotonicMs: () => nowMs,
    after: () => ({ cancel: () => undefined }),
    soon: (call) => call(),
    advance(ms) {
      nowMs += ms
    },
  }
}

export function fakeTask(token: number, lane = 0): Task {
  return {
    token,
    lane,
    argv: ['true'],
    cwd: '/',
    makeCwd: false,
    envId: 0,
    env: {},
    stdout: null,
    stderr: null,
    append: false,
    cpus: null,
    envscript: null,
  }
}

export const quietLog: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
}
