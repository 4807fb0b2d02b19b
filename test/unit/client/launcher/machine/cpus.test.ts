// Reading what the kernel says about cores and cgroups.
import { expect, test } from 'vitest'
import { cgroupDirectories } from '../../../../../client/launcher/machine/cgroup.ts'
import {
  availableCpus,
  cpuList,
  cpusOfStatus,
} from '../../../../../client/launcher/machine/cpus.ts'

test('a kernel list of cores is read with its ranges', () => {
  expect(cpuList('0-3,8,10-11')).toEqual([0, 1, 2, 3, 8, 10, 11])
})

test('the affinity mask says how many cores there are', () => {
  expect(cpusOfStatus('Name:\tnode\nCpus_allowed:\tff\nCpus_allowed_list:\t0-1,4\n')).toBe(3)
  expect(cpusOfStatus('Name:\tnode\n')).toBeNull()
})

test('a process is bound by the limits of every cgroup above it, v1 and v2', () => {
  const found = cgroupDirectories('4:memory:/a/b\n0::/c\n')
  expect(found).toEqual([
    '/sys/fs/cgroup/memory/a/b',
    '/sys/fs/cgroup/memory/a',
    '/sys/fs/cgroup/memory',
    '/sys/fs/cgroup/c',
    '/sys/fs/cgroup',
    '/sys/fs/cgroup/unified/c',
    '/sys/fs/cgroup/unified',
  ])
})

test('this machine offers at least one core', () => {
  expect(availableCpus()).toBeGreaterThanOrEqual(1)
})
