// What a job asks of a node, as a user says it: what is left out is the app's word, or the default.
import { z } from 'zod'
import { limits } from '../limits.ts'

const count = z.int().min(1).max(limits.cpusMax)

/** Shape of the resources of a job or an app. */
export const resourcesShape = z.strictObject({
  cpus: count.nullable().exactOptional(),
  nodePackingCount: count.exactOptional(),
  threadsPerRank: count.exactOptional(),
})
