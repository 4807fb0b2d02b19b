// The rows of the Python peers: processes, processes with files, and hops of a chain.
// Must run the C loop right before each figure; a peer that fails only loses its own rows.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Bench, Group } from '../bench.ts'
import { alternate } from '../measure/alternate.ts'
import { type Conversation, converseWith } from './python-peer.ts'
import { type PeerPython, peerPython } from './venv.ts'

const scripts = [
  { peer: 'hyperqueue', script: 'hyperqueue_local.py', distribution: 'hyperqueue' },
  { peer: 'dask', script: 'dask_distributed.py', distribution: 'distributed' },
  { peer: 'parsl', script: 'parsl_htex.py', distribution: 'parsl' },
] as const

type Script = (typeof scripts)[number]

function operations(bench: Bench) {
  const { loop, sizes } = bench
  const rate = (seconds: number) => sizes.peerTasks / seconds
  return [
    {
      name: 'true',
      count: sizes.peerTasks,
      yardstick: loop?.rate(sizes.tasks),
      value: rate,
    },
    {
      name: 'files',
      count: sizes.peerTasks,
      yardstick: loop?.rateWithFiles(sizes.tasks),
      value: rate,
    },
    // A Python function that does nothing: what the executors themselves cost.
    {
      name: 'call',
      count: sizes.peerTasks,
      yardstick: loop?.rate(sizes.tasks),
      value: rate,
    },
    {
      name: 'hop',
      count: sizes.hops,
      yardstick: loop?.spawnMs(sizes.hops),
      value: (seconds: number) => (seconds * 1_000) / sizes.hops,
    },
  ] as const
}

async function measure(bench: Bench, script: Script, venv: PeerPython): Promise<void> {
  const scratch = join(bench.scratch, script.peer)
  mkdirSync(scratch, { recursive: true })
  const conversation: Conversation = await converseWith(script.script, venv, scratch)
  try {
    for (const operation of operations(bench)) {
      const id = `${script.peer}-${operation.name}`
      if (!bench.wants(id) || (operation.name === 'call' && script.peer !== 'parsl')) continue
      const samples = await alternate(bench.sizes.peerRepeats, operation.yardstick, async () =>
        operation.value(await conversation.ask(operation.name, operation.count)),
      )
      const version = venv.versions[script.distribution] ?? 'of unknown version'
      bench.hand(id, { samples, notes: [`${script.distribution} ${version}`] })
    }
  } finally {
    await conversation.end()
  }
}

/** One group a peer, so that a peer's failure stays its own. */
export const pythonPeers: readonly Group[] = scripts.map((script) => ({
  ids: [
    ...['true', 'files', 'hop'].map((name) => `${script.peer}-${name}`),
    ...(script.peer === 'parsl' ? ['parsl-call'] : []),
  ],
  run: async (bench) => measure(bench, script, await peerPython(bench.cache, !bench.isQuick)),
}))
