// What Node itself costs: the floor of everything that starts a Node program or keeps one running.
// Must be the very Node that the product runs on.
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { cpuMs, memoryMB } from '../measure/proc.ts'
import { endProgram, mustRun } from '../measure/programs.ts'

/** ms of `node -e 0`, start to exit. */
export async function nodeStartMs(): Promise<number> {
  return (await mustRun(process.execPath, ['-e', '0'])).ms
}

/** A Node that only sleeps. */
export interface SleepingNode {
  memoryMB(): number
  cpuMs(): number
  end(): Promise<void>
}

/** Starts one and lets it settle. */
export async function sleepingNode(): Promise<SleepingNode> {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 2 ** 30)'], {
    stdio: 'ignore',
  })
  await sleep(500)
  const { pid } = child
  if (pid === undefined) throw new Error('node could not be started')
  return {
    memoryMB: () => memoryMB(pid).now,
    cpuMs: () => cpuMs(pid),
    end: () => endProgram(child, 1_000),
  }
}

/** MB of a Node that only sleeps. */
export async function bareMemoryMB(): Promise<number> {
  const node = await sleepingNode()
  const memory = node.memoryMB()
  await node.end()
  return memory
}

/** Seconds in which a Node parses these lines of JSON, writes each one again, and fsyncs. */
export async function parseAndSyncSeconds(
  lines: readonly object[],
  directory: string,
): Promise<number> {
  const input = join(directory, 'lines.ndjson')
  writeFileSync(input, lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
  const program = join(import.meta.dirname, 'parse-and-sync.mjs')
  const ended = await mustRun(process.execPath, [program, input, join(directory, 'lines.copy')])
  return Number(ended.stdout)
}
