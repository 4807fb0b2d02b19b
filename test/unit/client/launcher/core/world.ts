// A launcher core on a clock, a link and a runner that the test moves by hand.
// Must never let an unexpected frame or start pass: a test ends with an empty `left()`.
import type { Launcher } from '../../../../../client/launcher/core/launcher.ts'
import { makeLauncher } from '../../../../../client/launcher/core/launcher.ts'
import type {
  DialHandlers,
  LauncherSettings,
  RunnerHandlers,
  TaskRunner,
} from '../../../../../client/launcher/core/ports.ts'
import { decodeLauncherFrame, encodeFrame } from '../../../../../protocol/codec.ts'
import type { DaemonFrame, LauncherFrame, TaskTemplate } from '../../../../../protocol/frames.ts'
import { frameKind } from '../../../../../protocol/frames.ts'
import type { Clock } from '../../../../../protocol/ports.ts'

/** A clock whose time passes only by `advance`. */
export function handClock(): Clock & { advance(ms: number): void; pending(): number } {
  let now = 1_000_000
  let order = 0
  let timers: { at: number; order: number; call: () => void }[] = []
  const after = (ms: number, call: () => void) => {
    const timer = { at: now + Math.max(0, ms), order: order++, call }
    timers.push(timer)
    return {
      cancel() {
        timers = timers.filter((other) => other !== timer)
      },
    }
  }
  return {
    wallMs: () => now,
    monotonicMs: () => now - 900_000,
    after,
    soon: (call) => void after(0, call),
    pending: () => timers.length,
    advance(ms) {
      const end = now + ms
      for (;;) {
        const due = timers.filter((timer) => timer.at <= end)
        due.sort((a, b) => a.at - b.at || a.order - b.order)
        const next = due[0]
        if (next === undefined) break
        timers = timers.filter((timer) => timer !== next)
        now = next.at
        next.call()
      }
      now = end
    },
  }
}

/** What the runner was asked, in order. */
export type Asked =
  | readonly ['start', lane: number, token: number]
  | readonly ['kill', token: number, graceMs: number, ...reason: string[]]
  | readonly ['withdraw', ...tokens: number[]]

const template: TaskTemplate = {
  templateId: 1,
  name: 't',
  argv: ['true'],
  environment: {},
  envscript: '',
  cpus: 1,
  arrayOffset: null,
  workdirRoot: null,
  cwd: '/',
  output: null,
}

/** The world around one launcher. */
export function makeWorld(settings: Partial<LauncherSettings> = {}) {
  const clock = handClock()
  const links: { handlers: DialHandlers; frames: LauncherFrame[]; closed: string | null }[] = []
  const asked: Asked[] = []
  const ended: string[] = []
  let runner: RunnerHandlers | undefined
  let isRunnerClosed = false
  const link = () => {
    const last = links.at(-1)
    if (last === undefined) throw new Error('nothing was dialled')
    return last
  }
  const taskRunner: TaskRunner = {
    start: (lane, token) => void asked.push(['start', lane, token]),
    kill: (token, graceMs, reason) =>
      void asked.push(['kill', token, graceMs, ...(reason === null ? [] : [reason])]),
    withdraw: (tokens) => void asked.push(['withdraw', ...tokens]),
    forget: () => undefined,
    flush: () => undefined,
    close: () => {
      isRunnerClosed = true
    },
  }
  const silent = () => undefined
  const launcher: Launcher = makeLauncher(
    {
      siteId: 'site',
      allocationId: 1,
      nodeIndex: 0,
      node: 'node0',
      pid: 4242,
      cpus: 2,
      memoryMiB: 1000,
      hookSlots: 2,
      killGraceMs: 5_000,
      idleExitMs: null,
      wallTimeLeftMs: null,
      ...settings,
    },
    {
      clock,
      randomness: { next: () => 1, hex: (bytes) => 'ab'.repeat(bytes) },
      log: { debug: silent, info: silent, warn: silent, error: silent },
      machine: { load1: () => 0.5, memoryFreeMiB: () => 500 },
      dialer: {
        dial(handlers) {
          const made = { handlers, frames: [] as LauncherFrame[], closed: null as string | null }
          links.push(made)
          return {
            send: (bytes) => void made.frames.push(decodeLauncherFrame(bytes)),
            bufferedBytes: () => 0,
            close: (reason) => {
              made.closed = reason
            },
          }
        },
      },
      makeRunner: (handlers) => {
        runner = handlers
        return taskRunner
      },
      onEnd: (reason) => void ended.push(reason),
    },
  )
  const handlers = () => {
    if (runner === undefined) throw new Error('no runner was made')
    return runner
  }

  const world = {
    launcher,
    clock,
    ended,
    template,
    /** Links dialled so far, and why the newest one was closed. */
    dialled: () => links.length,
    closed: () => link().closed,
    isRunnerClosed: () => isRunnerClosed,
    /** The newest link opens and the launcher says hello. */
    open: () => link().handlers.onOpen(),
    /** A frame from the daemon on the newest link, or on an older one. */
    say: (frame: DaemonFrame, at = -1) => links.at(at)?.handlers.onFrame(encodeFrame(frame)),
    bytes: (bytes: Uint8Array) => link().handlers.onFrame(bytes),
    breakLink: () => link().handlers.onClose('broken'),
    /** From start or break to a welcomed link; gives the hello and forgets first heartbeat. */
    connect(epoch = 1) {
      world.open()
      const hello = world.take()[0]
      world.say([frameKind.welcome, 1, epoch, 7, 5_000])
      const kinds = world.take('all')
      if (kinds[0]?.[0] !== frameKind.heartbeat) throw new Error('no heartbeat after the welcome')
      link().frames.push(...kinds.slice(1))
      return hello
    },
    /** Assigns tokens of a template as jobs token + 1000. */
    assign(tokens: readonly number[], of: TaskTemplate = template, epoch = 1) {
      const flat = tokens.flatMap((token) => [token + 1000, 1, token, of.templateId])
      world.say([frameKind.assign, epoch, [of], flat, []])
    },
    started(...tokens: number[]) {
      for (const token of tokens) handlers().onStarted(token, clock.wallMs())
      handlers().onBatchEnd()
    },
    exited(tokens: readonly number[], wallMs = 100, signal = 0, reason: string | null = null) {
      for (const token of tokens) {
        const code = signal === 0 ? 0 : -1
        handlers().onExited(token, code, signal, clock.wallMs(), wallMs, 1, 2, 3, 0, reason)
      }
      handlers().onBatchEnd()
    },
    withdrawn(...tokens: number[]) {
      for (const token of tokens) handlers().onWithdrawn(token)
      handlers().onBatchEnd()
    },
    /** Frames sent since the last look; heartbeats only on request. */
    take(what: 'news' | 'all' = 'news'): LauncherFrame[] {
      const { frames } = link()
      const taken = frames.splice(0)
      return what === 'all' ? taken : taken.filter((frame) => frame[0] !== frameKind.heartbeat)
    },
    /** What the runner was asked since the last look. */
    asks: () => asked.splice(0),
    /** What was said or asked and the test has not looked at: [] at the end of a test. */
    left: () => [...world.take(), ...world.asks()],
  }
  return world
}

/** A launcher that has said hello and was welcomed with epoch 1. */
export function connected(settings: Partial<LauncherSettings> = {}) {
  const world = makeWorld(settings)
  world.launcher.start()
  world.connect()
  return world
}
