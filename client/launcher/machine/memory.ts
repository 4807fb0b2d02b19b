// Memory and load of this node, for the hello and the heartbeats.
// Must never block: what needs waiting is read beside and used the next time.
import { readFileSync } from 'node:fs'
import { loadavg, totalmem } from 'node:os'
import type { Clock, Log } from '../../../protocol/ports.ts'
import type { MachineView } from '../core/ports.ts'
import { cgroupValues } from './cgroup.ts'

const mebibyte = 1024 * 1024
/** Free memory is looked up at most this often, however many launchers ask. */
const refreshMsMin = 4_000

/** Memory in MiB that processes here may use. */
export function memoryTotalMiB(): number {
  return Math.floor(Math.min(totalmem(), ...memoryLimits()) / mebibyte)
}

/** Limits in bytes of the cgroups above. v1 says "none" by a number near 2^63. */
function memoryLimits(): number[] {
  const found = cgroupValues((directory) => number(`${directory}/memory.max`))
  const v1 = cgroupValues((directory) => number(`${directory}/memory.limit_in_bytes`))
  return found.concat(v1).filter((bytes) => bytes < 2 ** 60)
}

function number(file: string): number | null {
  try {
    const value = Number(readFileSync(file, 'utf8').trim())
    return Number.isFinite(value) ? value : null
  } catch {
    return null
  }
}

/** Load and free memory; systeminformation is loaded at the first look, not at the start. */
export function machineView(clock: Clock, log: Log): MachineView {
  const totalMiB = memoryTotalMiB()
  let freeMiB = totalMiB
  let readAtMs = Number.NEGATIVE_INFINITY
  const refresh = async (): Promise<void> => {
    const { mem } = await import('systeminformation')
    const { available } = await mem()
    freeMiB = Math.min(totalMiB, Math.floor(available / mebibyte))
  }
  return {
    load1: () => loadavg()[0] ?? 0,
    memoryFreeMiB() {
      const now = clock.monotonicMs()
      if (now - readAtMs >= refreshMsMin) {
        readAtMs = now
        refresh().catch((error: unknown) =>
          log.debug('memory is unknown', { error: String(error) }),
        )
      }
      return freeMiB
    },
  }
}
