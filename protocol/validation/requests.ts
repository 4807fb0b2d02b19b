// The bodies of all calls but submissions: kill, remove, allocations, foreign launchers, stop,
// backup. Each check gives the typed request, or a Fault that names the field.
import { z } from 'zod'
import type {
  AllocationRequest,
  EdgesRequest,
  ForeignLauncherRequest,
  KillRequest,
  RemoveRequest,
} from '../calls.ts'
import { fault } from '../faults.ts'
import type { JobFilter } from '../job.ts'
import { limits } from '../limits.ts'
import { filterShape } from './filter.ts'
import { parseAs } from './parse.ts'
import { checkEnvironment, checkText, environmentShape } from './text.ts'

const label = z.string().max(limits.nameLengthMax)
const nodes = z.int().min(1).max(limits.allocationNodesMax)
const wallTimeMinutes = z.number().positive().max(limits.wallTimeMinutesMax)
const jobMode = z.enum(['serial', 'mpi', 'mixed'])
const cpusPerNode = z.int().min(1).max(limits.cpusMax).nullable().default(null)
const hookSlots = z.int().min(0).max(limits.hookSlotsMax).exactOptional()
const idleExitMs = z.int().min(0).nullable().default(null)

const killShape = z.strictObject({
  filter: filterShape,
  graceMs: z.int().min(0).max(limits.killGraceMsMax).exactOptional(),
  isRecursive: z.boolean().exactOptional(),
})

const id = z.int().min(1)
const edgesShape = z.strictObject({
  edges: z
    .array(z.tuple([id, id]).readonly())
    .min(1)
    .max(limits.parentsMax),
})
const filteredShape = z.strictObject({ filter: filterShape })

const removeShape = z.strictObject({ filter: filterShape, isDryRun: z.boolean().default(false) })

const allocationShape = z.strictObject({
  project: label.default(''),
  queue: label.default(''),
  nodes: nodes.default(1),
  wallTimeMinutes,
  jobMode: jobMode.default('serial'),
  wfFilter: label.default(''),
  cpusPerNode,
  idleExitMs,
  environment: environmentShape.default({}),
  isNoExec: z.boolean().default(false),
  hookSlots,
})

const foreignShape = z.strictObject({
  node: label,
  nodes: nodes.default(1),
  cpusPerNode,
  wfFilter: label.default(''),
  jobMode: jobMode.default('serial'),
  wallTimeMinutes: wallTimeMinutes.nullable().default(null),
  idleExitMs,
  isNoExec: z.boolean().default(false),
  hookSlots,
})

const stopShape = z.strictObject({ mode: z.enum(['stop', 'restart']) })
const backupShape = z.strictObject({ file: z.string().min(1).max(limits.pathLengthMax) })

/** The body of a kill. */
export function checkKill(value: unknown): KillRequest {
  return parseAs<KillRequest>(killShape, value)
}

/** The body of new dependencies: [parent, child] each. */
export function checkEdges(value: unknown): EdgesRequest {
  return parseAs<EdgesRequest>(edgesShape, value)
}

/** The body of a stream about jobs: which ones. */
export function checkFiltered(value: unknown): JobFilter {
  return parseAs(filteredShape, value).filter
}

/** The body of a remove. */
export function checkRemove(value: unknown): RemoveRequest {
  return parseAs<RemoveRequest>(removeShape, value)
}

/** The body of a submit-launch. */
export function checkAllocation(value: unknown): AllocationRequest {
  const request = parseAs<AllocationRequest>(allocationShape, value)
  checkLabels({ project: request.project, queue: request.queue, wfFilter: request.wfFilter })
  checkEnvironment(request.environment)
  return request
}

/** The body of a launcher's registration. */
export function checkForeign(value: unknown): ForeignLauncherRequest {
  const request = parseAs<ForeignLauncherRequest>(foreignShape, value)
  checkLabels({ node: request.node, wfFilter: request.wfFilter })
  return request
}

/** The body of a stop: its mode. */
export function checkStop(value: unknown): 'stop' | 'restart' {
  return parseAs(stopShape, value).mode
}

/** The body of a backup: an absolute path. */
export function checkBackup(value: unknown): string {
  const { file } = parseAs(backupShape, value)
  checkText('file', file)
  if (!file.startsWith('/'))
    throw fault('BAD_FIELD', { field: 'file', what: 'must be an absolute path' })
  return file
}

/** Labels go onto the command lines of schedulers and into tables. */
function checkLabels(labels: Readonly<Record<string, string>>): void {
  for (const [field, text] of Object.entries(labels)) {
    if (/\p{Cc}/u.test(text)) throw fault('BAD_FIELD', { field, what: 'holds a control character' })
    if (text.startsWith('-')) throw fault('BAD_FIELD', { field, what: 'would be read as a flag' })
  }
}
