// The shell spawner: one small /bin/sh a lane, fed with quoted commands. dash forks by vfork, so it
// is faster than child_process; it is here for comparison, and where a site asks for it.
// Must give a shell its next command only when the last status has been read: then a kill of the
// shell's group can hit no other task.
import type { ChildProcessByStdio } from 'node:child_process'
import { spawn } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import type { Clock } from '../../../../protocol/ports.ts'
import type { Backend } from '../backend.ts'
import { argvOf } from '../envscript.ts'
import { makePathLookup } from '../path-lookup.ts'
import { readProcess, spawnerVariable } from '../processes.ts'
import type { Running } from '../running.ts'
import { startTimeUnknown } from '../running.ts'
import { setAside } from '../set-aside.ts'
import { endingOf } from './child.ts'
import type { OnEnded } from './loop.ts'
import {
  checkSize,
  closeOutput,
  codeOf,
  enterable,
  findCommand,
  openOutput,
  Refusal,
} from './prepare.ts'
import { shellLine } from './quote.ts'
import { killGroup, sendSignal, signalMarked } from './signals.ts'

const killSignal = 9
/** A shell reports signal n as 128 + n. */
const signalBase = 128
const signalMax = 64

/** The shell of one lane. */
interface Shell {
  readonly process: ChildProcessByStdio<Writable, Readable, null>
  readonly envId: number
  running: Running | null
  answer: string
}

/** Spawns by shells. */
export function makeShellBackend(clock: Clock): (onEnded: OnEnded) => Backend {
  return (onEnded) => {
    const environments = new Map<number, Readonly<Record<string, string>>>()
    const shells = new Map<number, Shell>()
    const lookup = makePathLookup(clock)

    const end = (shell: Shell, status: number): void => {
      const { running } = shell
      shell.running = null
      if (running === null) return
      const signal = status - signalBase
      const isSignal = signal > 0 && signal <= signalMax
      onEnded(running, isSignal ? endingOf(null, signal) : endingOf(status, null))
    }
    const open = (lane: number, envId: number): Shell => {
      const child = spawn('/bin/sh', [], {
        // Found by this when the spawner dies, though its tasks don't inherit it.
        env: { ...environments.get(envId), [spawnerVariable]: process.env[spawnerVariable] },
        detached: true,
        stdio: ['pipe', 'pipe', 'ignore'],
      })
      const shell: Shell = { process: child, envId, running: null, answer: '' }
      // TERM to the group is for the task; a caught signal is back to default in what is executed.
      child.stdin.write(`trap : TERM; unset ${spawnerVariable}\n`)
      child.stdin.on('error', () => undefined)
      child.on('error', () => end(shell, signalBase + killSignal))
      child.stdout.setEncoding('latin1').on('data', (text: string) => {
        shell.answer += text
        if (!shell.answer.endsWith('\n')) return
        const status = Number(shell.answer)
        shell.answer = ''
        end(shell, status)
      })
      child.on('close', () => {
        if (shells.get(lane) === shell) shells.delete(lane)
        end(shell, signalBase + killSignal)
      })
      shells.set(lane, shell)
      return shell
    }
    const shellFor = (lane: number, envId: number): Shell => {
      const known = shells.get(lane)
      if (known?.envId === envId && known.process.exitCode === null && !known.process.killed) {
        return known
      }
      known?.process.stdin.end()
      return open(lane, envId)
    }
    const start = (running: Running): void => {
      const { task } = running
      const argv = argvOf(task)
      const env = { ...environments.get(task.envId), ...task.env }
      enterable(task)
      const file = findCommand(argv, env, task.cwd, lookup)
      checkSize(file, argv, env)
      // Created here, so that an error has a name; the shell appends to it.
      setAside(task)
      closeOutput(openOutput(task.stdout, task.append))
      const isJoined = task.stderr === 'stdout' || task.stderr === task.stdout
      if (!isJoined) closeOutput(openOutput(task.stderr, task.append))
      const stderr = isJoined && task.stderr !== null ? 'stdout' : task.stderr
      const { cwd, stdout } = task
      const shell = shellFor(task.lane, task.envId)
      shell.running = running
      running.pid = shell.process.pid ?? 0
      running.startTime = readProcess(running.pid)?.startTime ?? startTimeUnknown
      const words = argv.slice(1)
      shell.process.stdin.write(shellLine({ cwd, file, words, env: task.env, stdout, stderr }))
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
      signal({ pid, task }, signal) {
        if (pid > 0) sendSignal(-pid, signal)
        // A killed shell takes no further command, though its end is heard later.
        if (signal === killSignal) shells.delete(task.lane)
      },
      killGroup,
      signalMarked,
    }
  }
}
