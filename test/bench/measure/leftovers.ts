// Ends what a run left behind: daemons, launchers and peers detach themselves from their group.
// Must touch only processes that carry this run's own marker in their environment.
import { randomUUID } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'

const variable = 'BALSAM_BENCH_RUN'

/** Marks this process; everything it starts from now on inherits the marker. */
export function markThisRun(): string {
  const marker = randomUUID()
  process.env[variable] = marker
  return marker
}

/** Kills every process of the marked run but this one; returns how many there were. */
export function endLeftovers(marker: string): number {
  const marked = readdirSync('/proc').filter(
    (name) => /^\d+$/.test(name) && Number(name) !== process.pid && carries(name, marker),
  )
  for (const pid of marked) kill(Number(pid))
  return marked.length
}

function carries(pid: string, marker: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1').includes(`${variable}=${marker}`)
  } catch {
    return false // It ended meanwhile, or belongs to somebody else.
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It ended by itself.
  }
}
