// Looks at a process that does nothing but execute one program after another. Between the old
// program and the new one the kernel shows no environment at all.
import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { lookForAllocation } from '../../../../client/launcher/machine/processes.ts'
import { lookForMarked } from '../../../../client/launcher/spawner/processes.ts'
import { lookForMarkers } from '../../../../daemon/runner/marked.ts'
import {
  allocationMarkerVariable,
  taskMarkerVariable,
} from '../../../../protocol/allocation-file.ts'

/** Without care one look of twelve misses it. */
const looks = 100
const program = 'exec /bin/sh -c "$0" "$0"'

let marker: string
let child: ChildProcess
beforeEach(() => {
  marker = `executing:${process.pid}-${performance.now()}`
  const env = { [allocationMarkerVariable]: marker, [taskMarkerVariable]: `${marker}:7` }
  child = spawn('/bin/sh', ['-c', program, program], { env, stdio: 'ignore' })
})
afterEach(() => child.kill('SIGKILL'))

const ways: readonly (readonly [string, () => readonly number[]])[] = [
  [
    'the launcher',
    () => {
      const { found, hidden } = lookForAllocation(marker)
      return [...found, ...hidden].map(({ pid }) => pid)
    },
  ],
  [
    'the spawner',
    () => {
      const { found, hidden } = lookForMarked((each) => each === `${marker}:7`)
      return [...found, ...hidden].map(({ pid }) => pid)
    },
  ],
  [
    'the daemon',
    () => {
      const { pids, hidden } = lookForMarkers([marker])
      return [...(pids[marker] ?? []), ...hidden]
    },
  ],
]

test.each(ways)(
  'a process that executes one program after another is missed by no look of %s',
  (_, look) => {
    const missed = Array.from({ length: looks }, look).filter(
      (pids) => child.pid === undefined || !pids.includes(child.pid),
    )
    expect(missed).toHaveLength(0)
    expect(child.exitCode).toBeNull()
  },
)
