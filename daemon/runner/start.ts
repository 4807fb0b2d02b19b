// Starts a process that outlives everything here, at most once for each claim.
// Must never start anything when the claim is already there.
import { spawn } from 'node:child_process'
import { appendFileSync, closeSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { ProcessIdentity } from '../ports/process-identity.ts'
import { identityOf } from '../ports/process-identity.ts'
import type { StartCommand, StartResult } from './messages.ts'

/** Starts it in its own session, its output in the log. */
export function startDetached(command: StartCommand): Promise<StartResult> {
  const claimant = identityOf(process.pid)
  try {
    writeFileSync(command.claim, `${JSON.stringify({ claimant })}\n`, { mode: 0o600, flag: 'wx' })
  } catch (error) {
    return Promise.resolve(isExisting(error) ? { kind: 'claimed' } : failed(error))
  }
  return launch(command).then((result) => {
    if (result.kind === 'started') {
      const { kind: _, ...started } = result
      appendFileSync(command.claim, `${JSON.stringify({ started })}\n`)
    } else {
      // It is certain that nothing runs, so it may be tried again.
      rmSync(command.claim, { force: true })
    }
    return result
  })
}

function launch(command: StartCommand): Promise<StartResult> {
  const [program = '', ...args] = command.argv
  let log: number
  try {
    log = openSync(command.log, 'a', 0o600)
  } catch (error) {
    return Promise.resolve(failed(error))
  }
  return new Promise((resolve) => {
    const { cwd, env } = command
    const child = spawn(program, args, { cwd, env, stdio: ['ignore', log, log], detached: true })
    closeSync(log)
    // Now, before the event loop can reap it: a pid that is reaped may be another's.
    const identity = child.pid === undefined ? null : identityOf(child.pid)
    child.once('error', (error) => resolve(failed(error)))
    child.once('spawn', () => {
      // One that has ended already can't be told from its zombie, and needs no start time.
      const gone: ProcessIdentity = { pid: child.pid ?? 0, startTime: 0, bootId: '' }
      resolve({ kind: 'started', ...(identity ?? gone) })
    })
    child.unref()
  })
}

/** What a claim file says; null for a file that is none. */
export interface Claim {
  /** The runner that made it. */
  readonly claimant: ProcessIdentity | null
  /** What it started; null when it has not come that far, or never did. */
  readonly started: ProcessIdentity | null
}

/** Reads a claim; null when there is none. A line that was cut off counts as absent. */
export function readClaim(file: string): Claim | null {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch {
    return null
  }
  const found = { claimant: null, started: null }
  for (const line of text.split('\n')) Object.assign(found, parseLine(line))
  return found
}

function parseLine(line: string): object {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    return {}
  }
}

function isExisting(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EEXIST'
}

function failed(error: unknown): { readonly kind: 'failed'; readonly what: string } {
  return { kind: 'failed', what: error instanceof Error ? error.message : String(error) }
}
