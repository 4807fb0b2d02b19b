// One spawner process as the launcher holds it: commands to it, reports from it.
// Must never fork more than once in its life, and never for a task.
import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import type { Log } from '../../../../protocol/ports.ts'
import { makeLineSplitter } from '../lines.ts'
import type { Command, Report, SpawnerKind } from '../messages.ts'
import { spawnerVariable } from '../processes.ts'

/** How spawners are started. */
export interface SpawnerProgram {
  /** 'python' serves Python calls, and only those; the others run commands, and only those. */
  readonly kind: SpawnerKind | 'auto' | 'python'
  readonly nodePath: string
  readonly spawnerPath: string
  /** `<site id>:<allocation id>:`, what all task markers begin with. */
  readonly marker: string
  /** Soft limit of open files that tasks get; null: Node's, which is the hard limit. */
  readonly openFilesSoft: number | null
}

/** A spawner of ours. */
export interface SpawnerProcess {
  readonly journalFile: string
  /** undefined when it could not be started. */
  readonly pid: number | undefined
  send(command: Command): void
}

/** What one hears of it. */
export interface SpawnerHandlers {
  onReport(report: Report): void
  /** It is gone and all its reports have been heard. */
  onEnd(how: string): void
}

/** A small heap and no helper threads: each thread and page makes every spawn a little slower. */
const nodeFlags = ['--max-semi-space-size=1', '--single-threaded', '--v8-pool-size=0']

/** Starts a spawner. */
export function startSpawner(
  program: SpawnerProgram,
  journalFile: string,
  handlers: SpawnerHandlers,
  log: Log,
): SpawnerProcess {
  const { kind, nodePath, spawnerPath, marker, openFilesSoft } = program
  const settings = ['--kind', kind, '--journal', journalFile, '--marker', marker]
  settings.push('--launcher', String(process.pid))
  if (openFilesSoft !== null) settings.push('--open-files', String(openFilesSoft))
  const child = spawn(nodePath, [...nodeFlags, spawnerPath, ...settings], {
    cwd: '/',
    // A Ctrl-C at the terminal of a launcher started by hand must not reach it.
    detached: true,
    env: ownEnvironment(journalFile),
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  child.on('error', (error) => log.error('a spawner could not be started', { what: String(error) }))
  // Its end is heard by 'close'; a broken pipe says nothing more.
  child.stdin.on('error', () => undefined)
  listen(child, handlers, log)
  return {
    journalFile,
    pid: child.pid,
    send(command) {
      if (child.stdin.writable) child.stdin.write(`${JSON.stringify(command)}\n`)
    },
  }
}

function listen(child: ChildProcess, handlers: SpawnerHandlers, log: Log): void {
  const reports = makeLineSplitter()
  const messages = makeLineSplitter()
  child.stdout?.on('data', (chunk: Buffer) => {
    // The other end is of the same build.
    for (const line of reports.push(chunk)) handlers.onReport(JSON.parse(line) as Report)
  })
  child.stderr?.on('data', (chunk: Buffer) => {
    for (const line of messages.push(chunk))
      log.warn('a spawner says', { spawner: child.pid, line })
  })
  child.on('close', (code, signal) => handlers.onEnd(signal ?? `exit ${code ?? ''}`))
}

function ownEnvironment(journalFile: string): Record<string, string | undefined> {
  const environment = { ...process.env }
  // Flags meant for other programs would slow it down or stop it.
  for (const name of ['NODE_OPTIONS', 'NODE_V8_COVERAGE', 'NODE_CHANNEL_FD']) {
    delete environment[name]
  }
  return { ...environment, UV_THREADPOOL_SIZE: '1', [spawnerVariable]: journalFile }
}
