// What a job asks of a node, as a user says it: what is left out is the app's word, or the default.
// What no launcher can give yet is refused by name: a job must never wait for it in silence.
import { z } from 'zod'
import { fault } from '../faults.ts'
import type { JobResources } from '../job.ts'
import { limits } from '../limits.ts'

const count = z.int().min(1).max(limits.cpusMax)

/** Shape of the resources of a job or an app. */
export const resourcesShape = z.strictObject({
  cpus: count.nullable().exactOptional(),
  nodePackingCount: count.exactOptional(),
  threadsPerRank: count.exactOptional(),
  numNodes: count.exactOptional(),
  ranksPerNode: count.exactOptional(),
  threadsPerCore: count.exactOptional(),
  cpuAffinity: z.string().max(limits.nameLengthMax).exactOptional(),
  gpus: z.number().min(0).exactOptional(),
  memoryMiB: z.number().min(0).exactOptional(),
  coscheduleNumNodes: z.int().min(0).exactOptional(),
})

/** UNSUPPORTED for what comes with MPI, GPUs and memory; its trivial values are let through. */
export function checkResources(resources: Partial<JobResources>): void {
  const { cpuAffinity = 'none' } = resources
  if (cpuAffinity !== 'none' && cpuAffinity !== 'depth') {
    throw fault('BAD_FIELD', { field: 'cpu_affinity', what: `${cpuAffinity} is not none or depth` })
  }
  refuseAbove('num_nodes', resources.numNodes, 1)
  refuseAbove('ranks_per_node', resources.ranksPerNode, 1)
  refuseAbove('threads_per_core', resources.threadsPerCore, 1)
  refuseAbove('coschedule_num_nodes', resources.coscheduleNumNodes, 0)
  refuseAbove('gpus', resources.gpus, 0)
  refuseAbove('memory', resources.memoryMiB, 0)
}

function refuseAbove(field: string, value: number | undefined, most: number): void {
  if (value === undefined || value <= most) return
  throw fault('UNSUPPORTED', { what: `${field} ${value} (it comes with a later version)` })
}
