// The spawner of last resort: child_process, where koffi can't be loaded. A third of its speed.
// Must promise no more than capabilities.ts says for it.
import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import type { Clock } from '../../../../protocol/ports.ts'
import type { Backend, Ending } from '../backend.ts'
import { argvOf } from '../envscript.ts'
import { makePathLookup } from '../path-lookup.ts'
import { readProcess } from '../processes.ts'
import type { Running } from '../running.ts'
import { startTimeUnknown } from '../running.ts'
import { setAside } from '../set-aside.ts'
import type { OnEnded } from './loop.ts'
import { closeOutput, codeOf, enterable, findCommand, openOutput, Refusal } from './prepare.ts'
import { killGroup, sendSignal, signalMarked } from './signals.ts'

/** Spawns by child_process. */
export function makeChildBackend(clock: Clock): (onEnded: OnEnded) => Backend {
  return (onEnded) => {
    const environments = new Map<number, Readonly<Record<string, string>>>()
    const lookup = makePathLookup(clock)

    const start = (running: Running): void => {
      const { task } = running
      const argv = argvOf(task)
      const env = { ...environments.get(task.envId), ...task.env }
      enterable(task)
      const file = findCommand(argv, env, task.cwd, lookup)
      setAside(task)
      const stdout = openOutput(task.stdout, task.append)
      const isJoined = task.stderr === 'stdout' || task.stderr === task.stdout
      let stderr = -1
      try {
        stderr = isJoined ? stdout : openOutput(task.stderr, task.append)
        const outputs = [stdout, stderr].map((fd) => (fd < 0 ? 'ignore' : fd))
        const child = spawn(file, argv.slice(1), {
          argv0: argv[0] ?? file,
          cwd: task.cwd,
          env,
          // A session of its own: a group that signals reach as a whole.
          detached: true,
          stdio: ['ignore', ...outputs],
        })
        running.pid = child.pid ?? 0
        running.startTime = readProcess(running.pid)?.startTime ?? startTimeUnknown
        listen(child, running, file)
      } finally {
        closeOutput(stdout)
        if (!isJoined) closeOutput(stderr)
      }
    }
    const listen = (child: ChildProcess, running: Running, file: string): void => {
      child.once('error', (error) => {
        if (running.pid > 0) return
        lookup.forget()
        onEnded(running, endingOf(null, null, `${codeOf(error)}: ${file}`))
      })
      child.once('exit', (code, signal) => {
        const hasLeftovers = sendSignal(-running.pid, 0)
        const number = signal === null ? null : constants.signals[signal]
        onEnded(running, { ...endingOf(code, number), hasLeftovers })
      })
    }

    return {
      environment: (id, env) => environments.set(id, env),
      start(running) {
        try {
          start(running)
          return null
        } catch (error) {
          if (error instanceof Refusal) return error.message
          return `${codeOf(error)}: ${running.task.argv[0] ?? ''}`
        }
      },
      signal({ pid }, signal) {
        if (pid > 0) sendSignal(-pid, signal)
      },
      killGroup,
      signalMarked,
    }
  }
}

/** The end of a task whose usage is not known. */
export function endingOf(code: number | null, signal: number | null, error?: string): Ending {
  const none = { userMs: 0, systemMs: 0, maxRssKiB: 0, isRssBelow: false, hasLeftovers: false }
  return error === undefined ? { code, signal, ...none } : { code, signal, ...none, error }
}
