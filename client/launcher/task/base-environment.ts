// The environment that all tasks of a node start from: the allocation's, without our own internals.
// Must never pass on a secret or what only concerns the launcher's own programs.
import type { AllocationFile } from '../../../protocol/allocation-file.ts'
import { allocationMarkerVariable } from '../../../protocol/allocation-file.ts'

/** Index of the node, beside the allocation's marker: tells apart the nodes of one machine. */
export const nodeIndexVariable = 'BALSAM_NODE_INDEX'
/** Socket for calls of tasks to the daemon. */
export const socketVariable = 'BALSAM_SOCKET'
/** The site that a task's own balsam commands talk to. */
const siteVariable = 'BALSAM_SITE'

/** Names that never reach a task: they steer Node, Balsam's own programs, or hold secrets. */
const dropped: readonly RegExp[] = [
  /^NODE_(OPTIONS|CHANNEL_FD|CHANNEL_SERIALIZATION_MODE|UNIQUE_ID|V8_COVERAGE)$/,
  /^BALSAM_.*(KEY|SECRET|PSK)/,
  /^BALSAM_(TASK_|SPAWNER_|JOB_ID$|SOCKET$|OPEN_FILES$|NODE_INDEX$|ALLOCATION_MARKER$)/,
  /^VITEST/,
]

/** What is added for one node. */
export interface NodePlace {
  readonly nodeIndex: number
  readonly marker: string
  /** null: no calls are relayed. */
  readonly socket: string | null
}

/** The marker of an allocation. */
export function allocationMarker(file: Pick<AllocationFile, 'siteId' | 'allocationId'>): string {
  return `${file.siteId}:${file.allocationId}`
}

/** The base environment of a node's tasks. */
export function baseEnvironment(
  file: Pick<AllocationFile, 'environment' | 'siteDirectory' | 'nodes' | 'jobMode'>,
  own: Readonly<Record<string, string | undefined>>,
  place: NodePlace,
): Record<string, string> {
  const environment: Record<string, string> = {}
  for (const [name, value] of Object.entries(file.environment ?? own)) {
    if (value !== undefined && !dropped.some((pattern) => pattern.test(name))) {
      environment[name] = value
    }
  }
  environment[siteVariable] = file.siteDirectory
  environment['BALSAM_DB_PATH'] = file.siteDirectory
  environment['BALSAM_LAUNCHER_NODES'] = String(file.nodes.length)
  environment['BALSAM_JOB_MODE'] = file.jobMode
  // Jobs that have parents are told of them one by one.
  environment['BALSAM_PARENT_IDS'] = '[]'
  environment[allocationMarkerVariable] = place.marker
  environment[nodeIndexVariable] = String(place.nodeIndex)
  if (place.socket !== null) environment[socketVariable] = place.socket
  return environment
}
