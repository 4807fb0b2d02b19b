// Python functions by balsam.Executor on two slots, beside Parsl's python_app in the same minutes.
// Must run with the Python that the peers have, so that only the systems differ.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { openSite } from '../balsam/site.ts'
import type { Group } from '../bench.ts'
import { alternate } from '../measure/alternate.ts'
import { converseWith } from '../peers/python-peer.ts'
import { peerPython } from '../peers/venv.ts'

const packageDirectory = join(import.meta.dirname, '../../../client/python')

/** Row `python-call`. */
export const pythonCalls: Group = {
  ids: ['python-call'],
  async run(bench) {
    const { loop, sizes } = bench
    const venv = await peerPython(bench.cache, !bench.isQuick)
    const site = await openSite(bench, 'python')
    const scratch = join(bench.scratch, 'python-client')
    mkdirSync(scratch)
    const env = { ...site.env, PYTHONPATH: packageDirectory }
    const conversation = await converseWith('balsam_executor.py', venv, scratch, env)
    const samples = await alternate(sizes.peerRepeats, loop?.rate(sizes.tasks), async () => {
      return sizes.peerTasks / (await conversation.ask('call', sizes.peerTasks))
    })
    bench.hand('python-call', { samples, notes: ['each call a durable job with its history'] })
    await conversation.end()
    await site.close()
  },
}
