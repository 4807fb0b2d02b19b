// `npm run bench`: measures Balsam beside the C loop and its peers, and prints one ordered table.
// Must leave nothing behind: no process, no site; and change no measure to reach a goal.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findBalsam } from './balsam/balsam.ts'
import { type Group, runGroups } from './bench.ts'
import { endLeftovers, markThisRun } from './measure/leftovers.ts'
import { lookAtMachine } from './measure/machine.ts'
import { help, type Options, readOptions } from './options.ts'
import { pythonPeers } from './peers/python-rows.ts'
import { shellPeerGroups } from './peers/shell-rows.ts'
import { plan } from './plan.ts'
import { buildSpawnLoop, type SpawnLoop } from './reference/spawn-loop.ts'
import { documentOf } from './report/json.ts'
import { tableOf } from './report/table.ts'
import { idle } from './rows/idle.ts'
import { latency } from './rows/latency.ts'
import { noExecMany, noExecOne } from './rows/no-exec.ts'
import { processes } from './rows/processes.ts'
import { pythonCalls } from './rows/python.ts'
import { queueOfArrays, queueOfDifferent } from './rows/queue.ts'
import { disk, loops } from './rows/reference.ts'
import { submitArray, submitDag, submitDifferent } from './rows/submit.ts'
import { sizesOf } from './sizes.ts'

const groups: readonly Group[] = [
  disk,
  processes,
  pythonCalls,
  ...pythonPeers,
  ...shellPeerGroups,
  noExecOne,
  noExecMany,
  latency,
  submitArray,
  submitDifferent,
  submitDag,
  queueOfArrays,
  queueOfDifferent,
  idle,
  loops,
]

const root = join(import.meta.dirname, '../..')
const cache = join(root, '.cache/bench')

async function spawnLoop(say: (text: string) => void): Promise<SpawnLoop | null> {
  try {
    return await buildSpawnLoop(cache)
  } catch (error) {
    say(`the C loop cannot be built: ${error instanceof Error ? error.message : String(error)}`)
    return null
  }
}

async function measure(options: Options, scratch: string): Promise<boolean> {
  const startedAt = performance.now()
  const seconds = () => Math.round((performance.now() - startedAt) / 1_000)
  const say = (text: string) => console.error(`bench ${String(seconds()).padStart(4)} s: ${text}`)
  const facts = new Set<string>()
  const machine = await lookAtMachine(scratch)
  const rows = await runGroups(groups, plan, {
    isQuick: options.isQuick,
    sizes: sizesOf(options.isQuick),
    cache,
    scratch,
    loop: await spawnLoop(say),
    balsam: findBalsam(root),
    wants: options.wants,
    fact: (text) => facts.add(text),
    say,
  })
  const mode = options.isQuick ? 'quick run: fewer tasks, fewer repetitions' : 'full run'
  const context = [...facts, `${mode}, ${seconds()} s; each figure is a median`]
  console.log(tableOf(rows, machine, context))
  if (options.json !== null) {
    writeFileSync(options.json, documentOf(rows, machine, context, options.isQuick))
  }
  return rows.every(({ verdict }) => verdict !== 'wrong')
}

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2))
  if (options.isHelp) {
    console.log(help)
    return
  }
  mkdirSync(cache, { recursive: true })
  const scratch = mkdtempSync(join(cache, 'run-'))
  const marker = markThisRun()
  const cleanUp = () => {
    endLeftovers(marker)
    rmSync(scratch, { recursive: true, force: true, maxRetries: 3 })
  }
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    process.once(signal, () => {
      cleanUp()
      process.exit(code)
    })
  }
  try {
    // A missed goal is a result; only results that are not right make the bench fail.
    process.exitCode = (await measure(options, scratch)) ? 0 : 1
  } finally {
    cleanUp()
  }
}

try {
  await main()
} catch (error) {
  console.error(`bench: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 2
}
