// Ends an allocation of this machine: TERM to its supervisor, then KILL to everything with its
// marker. Must never reach a process that is not of the allocation, nor give up while one of it
// lives.
import { constants } from 'node:os'
import { limits } from '../../../protocol/limits.ts'
import type { Clock, Log } from '../../../protocol/ports.ts'
import type { KnownAllocation } from '../../core/allocation-services.ts'
import { ageSeconds, isLiving } from '../../ports/process-identity.ts'
import type { Runner } from '../../runner/runner.ts'
import { readSupervisor } from '../run-directory.ts'
import type { Looked } from './evidence.ts'

const { SIGTERM, SIGKILL } = constants.signals

interface EndPorts {
  readonly runner: Runner
  readonly clock: Clock
  readonly log: Log
  /** Allocations that are being ended: their KILL is armed. Kept by whoever holds the adapter. */
  readonly ending: Set<number>
  readonly killGraceMs: number
}

/** Resolves when the signals are sent; forced: when nothing of it is left, or that can't be had. */
export async function endAllocation(
  ports: EndPorts,
  allocation: KnownAllocation,
  marker: string,
  isForced: boolean,
): Promise<void> {
  try {
    if (isForced) {
      await killAll(ports, allocation, marker)
      return
    }
    armKill(ports, allocation, marker)
    await terminate(ports, allocation, marker)
  } catch (error) {
    note(ports, allocation, error)
  }
}

/** How long a supervisor may take over its own end: grace, last reports, and some air. */
export function ownEndMsMax(killGraceMs: number): number {
  return killGraceMs + limits.stopReportMsMax + 2 * limits.stopSlackMs
}

/** The supervisor gives its tasks their grace first, and then needs a moment to end itself. */
function armKill(ports: EndPorts, allocation: KnownAllocation, marker: string): void {
  if (ports.ending.has(allocation.id)) return
  ports.ending.add(allocation.id)
  ports.clock.after(ownEndMsMax(ports.killGraceMs), () => {
    killAll(ports, allocation, marker)
      .catch((error: unknown) => note(ports, allocation, error))
      .finally(() => ports.ending.delete(allocation.id))
  })
}

/** Has it outlived its walltime by so much that its supervisor can't be trusted with it? */
export function isLate(looked: Looked, killGraceMs: number): boolean {
  const { wallTimeMinutes } = looked.allocation.request
  if (wallTimeMinutes <= 0 || looked.supervisor === null || looked.supervisor.startTime === 0)
    return false
  const allowedMs = wallTimeMinutes * 60_000 + killGraceMs + limits.wallTimeSlackMs
  // By the kernel's own count since boot: wall time may have been set meanwhile.
  return ageSeconds(looked.supervisor.startTime) * 1_000 > allowedMs
}

async function terminate(
  ports: EndPorts,
  allocation: KnownAllocation,
  marker: string,
): Promise<void> {
  const supervisor = await readSupervisor(allocation.runDirectory)
  if (supervisor !== null && isLiving(supervisor)) {
    await ports.runner.ask({ op: 'signal', identity: supervisor, signal: SIGTERM })
    return
  }
  // Nobody is left to end the tasks in order, so they are asked themselves.
  await ports.runner.ask({ op: 'signalMarked', marker, signal: SIGTERM })
}

async function killAll(
  ports: EndPorts,
  allocation: KnownAllocation,
  marker: string,
): Promise<void> {
  const supervisor = await readSupervisor(allocation.runDirectory)
  // First the one that would start others again.
  if (supervisor !== null) {
    await ports.runner.ask({ op: 'signal', identity: supervisor, signal: SIGKILL })
  }
  let emptyRounds = 0
  for (let round = 0; round < limits.killRoundsMax && emptyRounds < 2; round += 1) {
    const { pids } = await ports.runner.ask({ op: 'signalMarked', marker, signal: SIGKILL })
    emptyRounds = pids.length === 0 ? emptyRounds + 1 : 0
    if (emptyRounds < 2) await pause(ports.clock)
  }
}

function pause(clock: Clock): Promise<void> {
  return new Promise((resolve) => clock.after(limits.killRoundMs, resolve))
}

function note(ports: EndPorts, allocation: KnownAllocation, error: unknown): void {
  const facts = { allocation: allocation.id, error: String(error) }
  ports.log.warn('an allocation could not be ended; it will be tried again', facts)
}
