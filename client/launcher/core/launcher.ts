// The launcher's logic: what the daemon assigns goes through lanes to the runner, exits go back.
// Must never run a token twice, exceed the node's cores, or forget an unacknowledged exit.
import type { HelloFrame } from '../../../protocol/frames.ts'
import { frameKind, frameVersions } from '../../../protocol/frames.ts'
import type { Timer } from '../../../protocol/ports.ts'
import { makeCalls } from './calls.ts'
import type { ServingFrame } from './connection.ts'
import { makeConnection } from './connection.ts'
import { makeLife } from './life.ts'
import { makeOrders, signalTerm } from './orders.ts'
import type {
  AdoptedTask,
  AnswerHandler,
  LauncherPorts,
  LauncherSettings,
  RunnerHandlers,
} from './ports.ts'
import { makeReports } from './reports.ts'
import { makeNodeLanes } from './step-lanes.ts'
import { makeTasks, wish } from './tasks.ts'
import { makeWatch } from './watch.ts'

/** With so many tasks waiting here no slot will be idle for want of the daemon's answer. */
const busyTasksMin = 16

/** What a launcher holds at this moment. */
export interface LauncherCounts {
  /** Tokens queued, in lanes, or exited and not acknowledged. */
  readonly held: number
  readonly inLanes: number
  readonly queued: number
  /** Exits collected or not acknowledged. */
  readonly pendingExits: number
  readonly usedCpus: number
}

/** One launcher: the logic of one node of one allocation. */
export interface Launcher {
  /** A task of an earlier launcher still runs. Before `start`. */
  adoptRunning(task: AdoptedTask): void
  /** A task of an earlier launcher has exited and may never have been reported. Before `start`. */
  readonly adoptExited: RunnerHandlers['onExited']
  /** Connects, and counts the walltime from now. */
  start(): void
  /** Ends the tasks (TERM, grace, KILL), reports, says goodbye and ends. */
  stop(reason: string, graceMs: number): void
  /** Relays a task's call to the daemon. */
  call(method: string, path: string, body: string, token: number, answer: AnswerHandler): void
  /** Does this token run or wait here? */
  holds(token: number): boolean
  counts(): LauncherCounts
}

/** Makes a launcher; it does nothing before `start`. */
export function makeLauncher(settings: LauncherSettings, ports: LauncherPorts): Launcher {
  const { clock, log, machine } = ports
  const incarnation = ports.randomness.hex(8)
  const tasks = makeTasks()
  const lanes = makeNodeLanes(settings.cpus, settings.hookSlots, tasks)
  let heartbeat: Timer | null = null
  let isFilling = false
  let isAgain = false

  const onExited: RunnerHandlers['onExited'] = (
    token,
    code,
    signal,
    startedAtMs,
    wallMs,
    userMs,
    systemMs,
    rssKiB,
    orphans,
    reason,
  ) => {
    const row = tasks.rowOf(token)
    if (row < 0) return
    lanes.ended(row, startedAtMs > 0 ? wallMs : -1)
    reports.add(token, code, signal, startedAtMs, wallMs, userMs, systemMs, rssKiB, orphans, reason)
    tasks.exit(row)
  }
  const runner = ports.makeRunner({
    onStarted(token, startedAtMs) {
      const row = tasks.rowOf(token)
      if (row < 0) return
      lanes.started(row, startedAtMs, clock.monotonicMs())
      watch.arm()
    },
    onExited,
    onWithdrawn(token) {
      const row = tasks.rowOf(token)
      if (row < 0) return
      lanes.ended(row, -1)
      // What an earlier launcher had sent ahead can't be started here: only it had the template.
      const isForeign = tasks.templates[row] === null
      const isUnwanted = tasks.wishes[row] === wish.giveBack || !life.isServing()
      if (tasks.wishes[row] === wish.end) orders.endUnstarted(row, signalTerm, null)
      else if (isForeign || isUnwanted) orders.giveBack(row)
      else lanes.requeue(row)
    },
    onBatchEnd: () => settle(),
  })
  const connection = makeConnection(ports, {
    hello,
    onWelcome(heartbeatMs) {
      beat(heartbeatMs)
      reports.resend()
      watch.resend()
      settle()
    },
    onFrame(frame) {
      receive(frame)
      settle()
    },
    onLost() {
      heartbeat?.cancel()
      calls.lost()
      life.check()
    },
    onRefused: (code, message) => life.abandon(`refused: ${code} ${message}`),
  })
  const reports = makeReports(
    clock,
    (frame) => connection.send(frame),
    () => lanes.queued() >= Math.max(busyTasksMin, 4 * lanes.open.size),
  )
  const calls = makeCalls((frame) => connection.send(frame))
  const watch = makeWatch(clock, lanes, tasks, {
    onSlow: (started) => connection.send([frameKind.started, started]),
    onStuck(tokens) {
      runner.withdraw(tokens)
      runner.flush()
    },
  })
  const life = makeLife(settings, ports, {
    isConnected: () => connection.isUp(),
    openTasks: () => tasks.open(),
    pendingExits: () => reports.pending(),
    endTasks(reason, graceMs) {
      orders.endAll(reason, graceMs)
      settle()
    },
    bye(reason) {
      reports.flush()
      connection.send([frameKind.bye, reason])
    },
    close(reason) {
      heartbeat?.cancel()
      watch.stop()
      calls.lost()
      connection.close(reason)
      runner.close()
    },
  })

  const orders = makeOrders(settings.cpus, tasks, lanes, runner, reports, {
    isServing: () => life.isServing(),
    send: (frame) => connection.send(frame),
    reset: (reason) => connection.reset(reason),
  })

  function hello(): HelloFrame {
    const { siteId, allocationId, nodeIndex, node, pid, cpus, memoryMiB, hookSlots } = settings
    return [
      frameKind.hello,
      {
        versionOldest: frameVersions.oldest,
        versionNewest: frameVersions.newest,
        siteId,
        allocationId,
        nodeIndex,
        node,
        incarnation,
        pid,
        cpus,
        memoryMiB,
        epochSeen: connection.epochSeen(),
        held: tasks.held(),
        hookSlots,
      },
    ]
  }

  function beat(heartbeatMs: number): void {
    heartbeat?.cancel()
    const queued = lanes.queued()
    const running = tasks.open() - queued
    const memory = Math.round(machine.memoryFreeMiB())
    connection.send([frameKind.heartbeat, running, queued, machine.load1(), memory])
    heartbeat = clock.after(heartbeatMs, () => beat(heartbeatMs))
  }

  function receive(frame: ServingFrame): void {
    switch (frame[0]) {
      case frameKind.assign:
        orders.assign(frame)
        break
      case frameKind.ack:
        acknowledged(reports.acknowledge(frame[2]))
        break
      case frameKind.kill:
        orders.kill(frame)
        break
      case frameKind.recall:
        orders.recall(frame[2])
        break
      case frameKind.takeBack:
        orders.takeBack(frame[2])
        break
      case frameKind.drain:
        if (frame[2] === 'stop') life.stop('drained', frame[3])
        else life.finish()
        break
      case frameKind.answer:
        calls.answered(frame[1], frame[2], frame[3])
        break
    }
  }

  function acknowledged(tokens: readonly number[]): void {
    tasks.forget(tokens)
    runner.forget(tokens)
  }

  /** After every batch of news: start what may start, tell what is to be told. */
  function settle(): void {
    fill()
    reports.batchEnd()
    orders.tellReturned()
    life.check()
  }

  /** A runner may answer within flush; then there is room again, and the loop goes on. */
  function fill(): void {
    isAgain = true
    if (isFilling) return
    isFilling = true
    while (isAgain) {
      isAgain = false
      if (life.isRunning()) lanes.fill(start)
      runner.flush()
    }
    isFilling = false
  }

  function start(lane: number, row: number): void {
    const template = tasks.templates[row]
    if (template === null || template === undefined) return
    const token = tasks.tokens[row] ?? -1
    runner.start(lane, token, tasks.jobs[row] ?? -1, template, tasks.attempts[row] ?? 1)
  }

  return {
    adoptRunning(task) {
      if (tasks.isKnown(task.token)) return
      const row = tasks.add(task.token, -1, 1, null, lanes.shapeOf(task.cpus))
      lanes.adopt(row, task.startedAtMs, clock.monotonicMs())
      watch.arm()
    },
    adoptExited(
      token,
      code,
      signal,
      startedAtMs,
      wallMs,
      userMs,
      systemMs,
      rssKiB,
      orphans,
      reason,
    ) {
      if (tasks.isKnown(token)) return
      tasks.markExited(token)
      reports.add(
        token,
        code,
        signal,
        startedAtMs,
        wallMs,
        userMs,
        systemMs,
        rssKiB,
        orphans,
        reason,
      )
    },
    start() {
      log.info('launcher starts', { node: settings.node, cpus: settings.cpus, incarnation })
      life.start()
      connection.open()
    },
    stop: (reason, graceMs) => life.stop(reason, graceMs),
    call: (method, path, body, token, answer) => calls.call(method, path, body, token, answer),
    holds: (token) => tasks.rowOf(token) >= 0,
    counts() {
      const queued = lanes.queued()
      return {
        held: tasks.heldCount(),
        inLanes: tasks.open() - queued,
        queued,
        pendingExits: reports.pending(),
        usedCpus: lanes.usedCpus(),
      }
    },
  }
}
