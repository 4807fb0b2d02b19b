// The spawner: the program that alone starts tasks. Commands on fd 0, reports on fd 1, log on fd 2.
// Must never end while a task of it runs, whatever happens to the launcher.
import { writeSync } from 'node:fs'
import type { Log } from '../../../protocol/ports.ts'
import { realClock } from '../ports/clock.ts'
import { makeJournal } from './journal.ts'
import type { Libc } from './koffi/libc.ts'
import { loadLibc } from './koffi/libc.ts'
import { runKoffiSpawner } from './koffi/loop.ts'
import { makeChildBackend } from './node/child.ts'
import { runNodeSpawner } from './node/loop.ts'
import { makePythonBackend } from './node/python.ts'
import { makeShellBackend } from './node/shell.ts'
import { readBootId, readProcess } from './processes.ts'
import type { SpawnerSettings } from './settings.ts'
import { readSettings } from './settings.ts'

const log: Log = {
  debug: () => undefined,
  info: (what, facts) => write('info', what, facts),
  warn: (what, facts) => write('warn', what, facts),
  error: (what, facts) => write('error', what, facts),
}

function write(level: string, what: string, facts: Readonly<Record<string, unknown>> = {}): void {
  try {
    writeSync(2, `${JSON.stringify({ level, message: what, ...facts })}\n`)
  } catch {
    // The launcher is gone or doesn't read; tasks matter more than this line.
  }
}

/** koffi where it loads, else child_process. */
async function loadWhenWanted(kind: SpawnerSettings['kind']): Promise<Libc | null> {
  if (kind === 'child' || kind === 'shell' || kind === 'python') return null
  try {
    return await loadLibc()
  } catch (error) {
    if (kind === 'koffi') throw error
    log.warn('koffi is not usable here; child_process takes its place', { what: String(error) })
    return null
  }
}

async function main(): Promise<void> {
  const settings = readSettings(process.argv.slice(2), log)
  const clock = realClock()
  const libc = await loadWhenWanted(settings.kind)
  const header = {
    spawner: process.pid,
    startTime: readProcess(process.pid)?.startTime ?? 0,
    bootId: readBootId(),
    marker: settings.marker,
  }
  const journal = makeJournal(settings.journalFile, header, log)
  if (libc !== null) {
    runKoffiSpawner(libc, settings, journal, clock)
    process.exit(0)
  }
  if (settings.kind === 'python') {
    const makeBackend = makePythonBackend(clock, settings.journalFile)
    return runNodeSpawner('python', settings, journal, clock, makeBackend)
  }
  const kind = settings.kind === 'shell' ? 'shell' : 'child'
  const makeBackend = kind === 'shell' ? makeShellBackend(clock) : makeChildBackend(clock)
  runNodeSpawner(kind, settings, journal, clock, makeBackend)
}

await main()
