// Starts `daemon run` in a session of its own and waits until it serves, or says why it does not.
// Of many starters at once one acts and the others wait; the daemon itself excludes a second one.
import { spawn } from 'node:child_process'
import {
  closeSync,
  fstatSync,
  ftruncateSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { type Fault, fault } from '../../protocol/faults.ts'
import { limits } from '../../protocol/limits.ts'
import type { ServerFile } from '../../protocol/site-files.ts'
import { siteLayout } from '../../protocol/site-files.ts'
import { realClock } from '../cli/ports/clock.ts'
import { faultIn } from './exchange.ts'
import type { Environment } from './find-site.ts'
import type { ProcessIdentity } from './host.ts'
import { isAlive, isThisHost, startTimeOf, thisHost } from './host.ts'
import { daemonFlags, programFile } from './programs.ts'
import { reason } from './site.ts'

/** How a start is watched. */
export interface StartWatch {
  /** Monotonic ms at which waiting ends. */
  readonly deadline: number
  /** The record of a daemon that serves, when there is one. */
  readonly served: () => Promise<ServerFile | undefined>
}

const pollMs = 10
/** Words of earlier starts that are kept: a few dozen failures. */
const errorBytesMax = 256 * 1024

/** Starts a daemon unless somebody else is just doing so; resolves when one serves. */
export async function startDaemon(
  directory: string,
  env: Environment,
  watch: StartWatch,
): Promise<ServerFile> {
  while (realClock.monotonicMs() < watch.deadline) {
    if (takeStart(directory)) {
      try {
        // Somebody may have finished between our look and our turn.
        return (await watch.served()) ?? (await startAndWait(directory, env, watch))
      } finally {
        rmSync(join(directory, siteLayout.starting), { force: true })
      }
    }
    await realClock.sleep(pollMs)
    const server = await watch.served()
    if (server !== undefined) return server
  }
  throw startFailed(directory, 'another start has not come to an end')
}

async function startAndWait(
  directory: string,
  env: Environment,
  watch: StartWatch,
): Promise<ServerFile> {
  const log = openErrors(directory)
  try {
    const from = fstatSync(log).size
    let ended: string | undefined
    const child = spawn(
      process.execPath,
      [...daemonFlags, programFile('daemon'), 'run', '--site', directory, '--json-faults'],
      // A session of its own, no terminal, no pipe to us: it outlives this process and the login.
      { detached: true, stdio: ['ignore', log, log], cwd: directory, env: daemonEnvironment(env) },
    )
    child.once('error', (error) => {
      ended = reason(error)
    })
    child.once('exit', (code, signal) => {
      ended = signal === null ? `it exited with code ${code}` : `it was ended by ${signal}`
    })
    child.unref()
    while (realClock.monotonicMs() < watch.deadline) {
      await realClock.sleep(pollMs)
      const server = await watch.served()
      if (server !== undefined) return server
      if (ended !== undefined && !isRunningElsewhere(log, from)) {
        throw lastFault(log, from) ?? endedUnsaid(directory, lastLine(log, from), ended)
      }
    }
    throw startFailed(directory, `not ready after ${limits.daemonStartMsMax / 1000} s`)
  } finally {
    closeSync(log)
  }
}

/** A daemon started within a task must not look like a part of it: it would be killed with it. */
function daemonEnvironment(env: Environment): Record<string, string> {
  const kept = Object.entries(env).filter(([name]) => !/^BALSAM_(TASK|ALLOCATION|JOB)/.test(name))
  return Object.fromEntries(kept.map(([name, value]) => [name, value ?? '']))
}

/**
 * Takes the right to start, by linking a complete record into place. A record whose process is
 * dead, or that is older than any start, is removed. Two might remove it at once and both go on:
 * then the daemon's own lock decides.
 */
function takeStart(directory: string): boolean {
  const path = join(directory, siteLayout.starting)
  const self: ProcessIdentity = {
    ...thisHost(),
    pid: process.pid,
    startTime: startTimeOf(process.pid) ?? 0,
  }
  const aside = `${path}.${process.pid}`
  try {
    writeFileSync(aside, JSON.stringify(self), { mode: 0o600 })
    linkSync(aside, path)
    return true
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) {
      throw fault('SITE_NOT_WRITABLE', { path: directory, what: reason(error) })
    }
    if (isStale(path)) rmSync(path, { force: true })
    return false
  } finally {
    rmSync(aside, { force: true })
  }
}

function isStale(path: string): boolean {
  try {
    // Our own file, written whole by link(): its fields are there.
    const holder = JSON.parse(readFileSync(path, 'utf8')) as ProcessIdentity
    if (isThisHost(holder)) return !isAlive(holder)
    return realClock.wallMs() - statSync(path).mtimeMs > 2 * limits.daemonStartMsMax
  } catch {
    // It has just gone: the next try will see.
    return false
  }
}

/** The file for what the daemon says outside of its log; what is old and long goes. */
function openErrors(directory: string): number {
  try {
    mkdirSync(join(directory, siteLayout.log), { recursive: true, mode: 0o700 })
    const file = openSync(join(directory, siteLayout.daemonErrors), 'a+', 0o600)
    if (fstatSync(file).size > errorBytesMax) ftruncateSync(file)
    return file
  } catch (error) {
    throw fault('SITE_NOT_WRITABLE', { path: directory, what: reason(error) })
  }
}

/** What the file has got since: at most its last 64 KiB, in lines. */
function newLines(log: number, from: number): string[] {
  const size = fstatSync(log).size
  const start = Math.max(from, size - 64 * 1024)
  const bytes = Buffer.alloc(Math.max(0, size - start))
  readSync(log, bytes, 0, bytes.length, start)
  return bytes
    .toString('utf8')
    .split('\n')
    .filter((line) => line.trim() !== '')
}

/** The daemon's last words when it refused to start: one line of JSON in the shape of FaultBody. */
function lastFault(log: number, from: number): Fault | undefined {
  for (const line of newLines(log, from).reverse()) {
    try {
      const found = faultIn(JSON.parse(line))
      if (found !== undefined) return found
    } catch {
      // Not JSON: some library's words.
    }
  }
  return undefined
}

function lastLine(log: number, from: number): string | undefined {
  const lines = newLines(log, from)
  // Of an uncaught error the line with its message says most, not the last frame of its stack.
  return (lines.find((line) => /^\w*Error\b.*: /.test(line)) ?? lines.at(-1))?.slice(0, 500)
}

function isRunningElsewhere(log: number, from: number): boolean {
  return lastFault(log, from)?.code === 'DAEMON_RUNNING'
}

/** It ended without a fault: its own words are beside the log, where it found any. */
function endedUnsaid(directory: string, words: string | undefined, ended: string): Fault {
  if (words === undefined) return startFailed(directory, ended)
  const log = join(directory, siteLayout.daemonErrors)
  return fault('DAEMON_START_FAILED', { what: words, log })
}

function startFailed(directory: string, what: string): Fault {
  return fault('DAEMON_START_FAILED', { what, log: join(directory, siteLayout.daemonLog) })
}
