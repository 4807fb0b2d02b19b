// Reads what the daemon left for an allocation: allocation.json and supervisor.json.
// Must never go on with a file that is not whole: everything else is built upon it.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import type { AllocationFile } from '../../protocol/allocation-file.ts'
import { runFiles } from '../../protocol/allocation-file.ts'

const allocationSchema: z.ZodType<AllocationFile> = z.object({
  siteId: z.string().min(1),
  siteDirectory: z.string().min(1),
  allocationId: z.int().min(0),
  socket: z.string().nullable(),
  tls: z
    .object({ host: z.string(), port: z.int(), identity: z.string(), keyFile: z.string() })
    .nullable(),
  nodes: z.array(z.object({ name: z.string(), cpus: z.int().min(0).nullable() })).min(1),
  wallTimeSeconds: z.number().positive().nullable(),
  killGraceMs: z.number().min(0),
  idleExitMs: z.number().min(0).nullable(),
  isNoExec: z.boolean(),
  environment: z.record(z.string(), z.string()).nullable(),
  spawnerKind: z.enum(['auto', 'koffi', 'shell', 'child']),
  spawners: z.int().positive().nullable(),
  // Not in the files of earlier daemons: an allocation outlives its daemon.
  hookSlots: z.int().min(0).default(0),
  jobMode: z.string().default('serial'),
  // Not in the files of daemons that could not say so: an allocation outlives its daemon.
  log: z
    .object({
      level: z.enum(['debug', 'info', 'warn', 'error']),
      fileBytesMax: z.int().positive(),
      filesKept: z.int().min(0),
    })
    .default({ level: 'info', fileBytesMax: 10 * 1024 * 1024, filesKept: 3 }),
})

/** Identity of the supervisor, and when the allocation's walltime began. */
export interface SupervisorFile {
  readonly pid: number
  readonly startTime: number
  readonly bootId: string
  readonly startedAtMs: number
}

const supervisorSchema: z.ZodType<SupervisorFile> = z.object({
  pid: z.int(),
  startTime: z.int(),
  bootId: z.string(),
  startedAtMs: z.number(),
})

/** allocation.json of a run directory. Throws when it is missing or malformed. */
export function readAllocation(runDirectory: string): AllocationFile {
  return allocationSchema.parse(readJson(join(runDirectory, runFiles.allocation)))
}

/** supervisor.json of a run directory. Throws when it is missing or malformed. */
export function readSupervisor(runDirectory: string): SupervisorFile {
  return supervisorSchema.parse(readJson(join(runDirectory, runFiles.supervisor)))
}

function readJson(file: string): unknown {
  const value: unknown = JSON.parse(readFileSync(file, 'utf8'))
  return value
}
