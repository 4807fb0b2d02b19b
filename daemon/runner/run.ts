// Runs one command to its end: bounded in time and output, in a process group of its own.
// Must never hang on a grandchild that keeps the pipes open.

import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import type { Readable } from 'node:stream'
import { limits } from '../../protocol/limits.ts'
import type { Clock } from '../../protocol/ports.ts'
import type { RunCommand, RunResult } from './messages.ts'

/** Runs it. Rejects only when it could not be started. */
export function runCommand(command: RunCommand, clock: Clock): Promise<RunResult> {
  const [program = '', ...args] = command.argv
  return new Promise((resolve, reject) => {
    const { cwd, env } = command
    const child = spawn(program, args, {
      cwd,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    })
    let isTimedOut = false
    const stdout = collect(child.stdout)
    const stderr = collect(child.stderr)
    const timer = clock.after(command.timeoutMs, () => {
      isTimedOut = true
      killGroup(child)
    })
    child.once('error', (error) => {
      timer.cancel()
      reject(error)
    })
    child.once('exit', (code, signal) => {
      timer.cancel()
      const end = (): void => {
        lingering.cancel()
        child.stdout.destroy()
        child.stderr.destroy()
        const isTruncated = stdout.isTruncated() || stderr.isTruncated()
        const texts = { stdout: stdout.text(), stderr: stderr.text() }
        resolve({ code, signal, ...texts, isTimedOut, isTruncated })
      }
      // What it wrote before it ended is in the pipes; what others write later is not its output.
      const lingering = clock.after(limits.commandLingerMs, end)
      child.once('close', end)
    })
  })
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  try {
    // It is not reaped yet, so its pid and its group are still its own.
    process.kill(-child.pid, 'SIGKILL')
  } catch {
    child.kill('SIGKILL')
  }
}

function collect(stream: Readable): { text(): string; isTruncated(): boolean } {
  const chunks: Buffer[] = []
  let bytes = 0
  stream.on('data', (chunk: Buffer) => {
    const room = limits.commandOutputBytesMax - bytes
    bytes += chunk.length
    if (room > 0) chunks.push(chunk.subarray(0, room))
  })
  stream.on('error', () => undefined)
  return {
    text: () => Buffer.concat(chunks).toString('utf8'),
    isTruncated: () => bytes > limits.commandOutputBytesMax,
  }
}
