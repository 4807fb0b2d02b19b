// The faults: kill -9 of processes of one site, found by what they are and whose marker they carry.
// Must never end before the victim is dead, so that the next step is taken in a world without it.
import { readFileSync } from 'node:fs'
import { daemonOf } from '../../support/daemon.ts'
import type { SeenProcess } from '../../support/processes.ts'
import { isLiving, killNow, programOf } from '../../support/processes.ts'
import type { TestSite } from '../../support/site.ts'
import { until } from '../../support/until.ts'

/** Programs that a fault can hit. */
export type Victim = 'daemon' | 'launcher' | 'spawner' | 'supervisor' | 'runner'

/**
 * Pids of the site's living processes of this program. A child that had not executed its command
 * when it was looked at shows its parent's words; whether it has done so since, its parent tells.
 * Hit in a spawner's stead, it would be a task that dies alone, and such a task has failed.
 */
export function pidsOf(site: Pick<TestSite, 'seen' | 'path'>, victim: Victim): readonly number[] {
  if (victim === 'daemon') return [daemonOf(site.path).pid]
  const alike = site
    .seen()
    .filter((seen) => programOf(seen) === victim && isMachinery(seen))
    .map(({ pid }) => pid)
  return alike.filter((pid) => !alike.includes(parentOf(pid)))
}

/** All processes of the site; its spawners first, so that none sees a task of it die. */
export function everythingOf(site: Pick<TestSite, 'seen' | 'path'>): readonly number[] {
  const spawners = pidsOf(site, 'spawner')
  const all = site.seen().map(({ pid }) => pid)
  return [...spawners, ...all.filter((pid) => !spawners.includes(pid))]
}

/** Pid of its parent; 0 when it is gone. */
export function parentOf(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
  } catch {
    return 0
  }
}

/** Kills at once, all in the same moment; resolves when they are dead. */
export async function killAll(pids: readonly number[]): Promise<void> {
  for (const pid of pids) killNow(pid)
  await until(`${pids.join(', ')} are dead`, () => !pids.some(isLiving))
}

/** Is it one of Balsam's own programs? A task that runs one is none of them. */
export function isMachinery({ variables }: SeenProcess): boolean {
  return variables['BALSAM_TASK_MARKER'] === undefined
}
