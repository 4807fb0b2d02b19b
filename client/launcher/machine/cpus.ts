// How many cores this process may use: affinity mask and cgroup quotas, whichever is less.
// Must never start a process or wait: it is read before the first connection.
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { cgroupValues } from './cgroup.ts'

/** Cores, at least 1. */
export function availableCpus(): number {
  const affinity = cpusOfStatus(read('/proc/self/status') ?? '') ?? availableParallelism()
  const quotas = cgroupValues(quotaOfV2).concat(cgroupValues(quotaOfV1))
  const least = Math.min(affinity, ...quotas)
  // A quota of 1.5 cores runs one task at full speed, not two.
  return Math.max(1, Math.floor(least + 1e-4))
}

/** Cores of the affinity mask in /proc/PID/status; null when it does not say. */
export function cpusOfStatus(status: string): number | null {
  const list = /^Cpus_allowed_list:\s*(\S+)/m.exec(status)?.[1]
  return list === undefined ? null : cpuList(list).length
}

/** The ids in a kernel list like `0-3,8`. */
export function cpuList(list: string): number[] {
  return list.split(',').flatMap((range) => {
    const [first = '', last = first] = range.split('-')
    const from = Number(first)
    const to = Number(last)
    if (!Number.isInteger(from) || !Number.isInteger(to)) return []
    return Array.from({ length: to - from + 1 }, (_, at) => from + at)
  })
}

/** `max 100000` or `150000 100000`: quota and period of cgroup v2. */
export function quotaOfV2(directory: string): number | null {
  const [quota = '', period = ''] = (read(`${directory}/cpu.max`) ?? '').trim().split(' ')
  return ratio(quota, period)
}

function quotaOfV1(directory: string): number | null {
  const quota = read(`${directory}/cpu.cfs_quota_us`)?.trim() ?? ''
  return ratio(quota, read(`${directory}/cpu.cfs_period_us`)?.trim() ?? '')
}

function ratio(quota: string, period: string): number | null {
  const cores = Number(quota) / Number(period)
  return quota !== '' && Number.isFinite(cores) && cores > 0 ? cores : null
}

function read(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return null
  }
}
