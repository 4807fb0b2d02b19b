// allocation.json: what the supervisor and the launchers of one allocation read at their start.
// A 0600 file in the allocation's run directory;
// secrets are here or in a file beside it, never in argv.

/** Content of `<site>/run/allocation-<id>/allocation.json`. */
export interface AllocationFile {
  readonly siteId: string
  readonly siteDirectory: string
  readonly allocationId: number
  /** Unix socket of the daemon when it is on this host, else null. */
  readonly socket: string | null
  /** TLS-PSK endpoint, or null. */
  readonly tls: {
    readonly host: string
    readonly port: number
    readonly identity: string
    readonly keyFile: string
  } | null
  /** One launcher per entry. cpus null = what the machine offers. */
  readonly nodes: readonly { readonly name: string; readonly cpus: number | null }[]
  /** Seconds from the supervisor's start to the end of the allocation; null = no end. */
  readonly wallTimeSeconds: number | null
  readonly killGraceMs: number
  readonly idleExitMs: number | null
  readonly isNoExec: boolean
  /** Base environment of the tasks; null: the supervisor's own. */
  readonly environment: Readonly<Record<string, string>> | null
  readonly spawnerKind: 'auto' | 'koffi' | 'shell' | 'child'
  /** Spawner processes per launcher; null: chosen from the cores. */
  readonly spawners: number | null
  /** Hooks and transfers that each launcher runs at once. */
  readonly hookSlots: number
  /** The allocation's job mode, for BALSAM_JOB_MODE. */
  readonly jobMode: string
  readonly log: LogBounds
}

/** What of launcher.log is written and kept. */
export interface LogBounds {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  /** The file is turned over when it is larger than this. */
  readonly fileBytesMax: number
  /** Old files kept: FILE.1 is the youngest. */
  readonly filesKept: number
}

/** Files in an allocation's run directory. */
export const runFiles = {
  allocation: 'allocation.json',
  /** {pid, startTime, bootId, startedAtMs}: identity of the supervisor. */
  supervisor: 'supervisor.json',
  /** Log of supervisor and launchers. */
  log: 'launcher.log',
  /** The allocation's key in hex, where its launchers connect over TLS. */
  key: 'launcher.key',
  /** Directory of the launcher of node k: its spawners' journals. */
  node: (index: number): string => `node-${index}`,
} as const

/** In the environment that is sent with an allocation: soft limit of open files for its tasks. */
export const openFilesVariable = 'BALSAM_OPEN_FILES'

/** Environment variable that marks every process of an allocation: `<siteId>:<allocationId>`. */
export const allocationMarkerVariable = 'BALSAM_ALLOCATION_MARKER'
/**
 * Environment variable that marks every process of one attempt: `<siteId>:<allocationId>:<token>`.
 */
export const taskMarkerVariable = 'BALSAM_TASK_MARKER'
