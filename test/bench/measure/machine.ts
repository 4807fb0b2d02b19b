// The context of a run: without it no figure can be compared with another.
// Must name nobody: no host name, no user, no path.
import { readFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os'
import { runTimed } from './programs.ts'

/** The machine and the state it was in when the bench began. */
export interface Machine {
  readonly cores: number
  readonly processor: string
  readonly memoryGiB: number
  readonly kernel: string
  readonly system: string
  readonly node: string
  readonly fileSystem: string
  /** Load average of the last minute before the run: others on the machine disturb the figures. */
  readonly load: number
  readonly startedAt: string
}

/** Looks at the machine; `directory` is where sites will be made. */
export async function lookAtMachine(directory: string): Promise<Machine> {
  const fileSystem = await runTimed('stat', ['-f', '-c', '%T', directory])
  return {
    cores: availableParallelism(),
    processor: cpus()[0]?.model ?? 'unknown',
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    system: /^PRETTY_NAME="(.*)"$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'unknown',
    node: process.version,
    fileSystem: fileSystem.stdout.trim() || 'unknown',
    load: loadavg()[0] ?? Number.NaN,
    startedAt: new Date().toISOString(),
  }
}
