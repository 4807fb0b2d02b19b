// A daemon with nothing to do, beside a Node that only sleeps, over the same seconds.
import { setTimeout as sleep } from 'node:timers/promises'
import { openSite } from '../balsam/site.ts'
import type { Group } from '../bench.ts'
import { cpuMs, memoryMB } from '../measure/proc.ts'
import { sleepingNode } from '../reference/bare-node.ts'

/** Rows `idle-cpu` and `idle-memory`. */
export const idle: Group = {
  ids: ['idle-cpu', 'idle-memory'],
  async run(bench) {
    const site = await openSite(bench, 'idle')
    const node = await sleepingNode()
    const { pid } = site.daemon()
    await sleep(3_000)
    const before = { daemon: cpuMs(pid), node: node.cpuMs() }
    const seconds = bench.sizes.idleSeconds
    await sleep(seconds * 1_000)
    const percent = (from: number, to: number) => (to - from) / (seconds * 10)
    const value = percent(before.daemon, cpuMs(pid))
    const beside = percent(before.node, node.cpuMs())
    bench.hand('idle-cpu', { samples: [{ value, beside }], notes: [`over ${seconds} s`] })
    const memory = memoryMB(pid)
    bench.hand('idle-memory', { samples: [{ value: memory.now, beside: node.memoryMB() }] })
    await node.end()
    await site.close()
  },
}
