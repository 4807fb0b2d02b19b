// 27 triples of a parent and two children, each of which is well, runs out of time or fails, while
// launchers are interrupted twice, as in Balsam 0.3's test_dag_error_timeout_mixture.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { JobInput } from '../../../protocol/job.ts'
import { until } from '../../support/until.ts'
import { openScene, shellCalls } from './scene.ts'

const kinds = ['normal', 'timeout', 'fail'] as const
type Kind = (typeof kinds)[number]

test('81 jobs of 27 families end well through failures, timeouts and interruptions', async () => {
  const scene = await openScene()
  const postprocess = scene.sh(
    'post',
    ...shellCalls,
    'if [ "$BALSAM_JOB_ERROR" = TRUE ]; then become JOB_FINISHED "handled error"',
    'elif [ "$BALSAM_JOB_TIMEOUT" = TRUE ]; then become RESTART_READY "handled timeout"',
    'fi',
  )
  // Of two processes, so that an interruption has more than one to end.
  const hang = '[ -e hung ] || { sleep 600 & touch hung; wait; }'
  const commands: Readonly<Record<Kind, readonly string[]>> = {
    normal: [scene.sh('normal', 'echo well > result')],
    timeout: [scene.sh('timeout', hang, 'echo late > result')],
    fail: [scene.sh('fail', 'echo bad > result; exit 1')],
  }
  const jobs: JobInput[] = families().map(({ key, kind, parent, isHandled }) => ({
    name: kind,
    workflow: `triples ${key.length}`,
    key,
    command: commands[kind],
    ...(parent === null ? {} : { parents: [parent] }),
    ...(kind === 'fail' ? { postprocess, postErrorHandler: true } : {}),
    ...(kind === 'timeout' && isHandled ? { postprocess, postTimeoutHandler: true } : {}),
  }))
  const ids = await scene.submit(...jobs)
  const details = await Promise.all(ids.map((id) => scene.balsam.job(id)))
  const directories = details.map((detail) => detail.working_directory)
  expect(new Set(directories).size).toBe(81)

  /** Ends a launcher once only jobs that hang are left to it. */
  const interruptAt = async (running: number, waiting: number): Promise<void> => {
    const launcher = await scene.launcher(32)
    const done = 81 - running - waiting
    await scene.reach({ RUNNING: running, AWAITING_PARENTS: waiting, JOB_FINISHED: done })
    const runs = await scene.balsam.jobs({ states: ['RUNNING'] })
    for (const { id } of runs.items) {
      const mark = join(directories[ids.indexOf(id)] ?? '', 'hung')
      await until(`job ${id} hangs`, () => existsSync(mark), 60_000)
    }
    await launcher.interrupt()
  }
  // 9 parents hang, and 12 of the 36 children of the others.
  await interruptAt(21, 18)
  // The 18 children of those 9 parents: 6 of them hang.
  await interruptAt(6, 0)
  await scene.launcher(32)
  expect(await scene.ended()).toEqual({ JOB_FINISHED: 81 })

  const after = await Promise.all(ids.map((id) => scene.balsam.job(id)))
  expect(after.map(({ attempts }) => attempts)).toEqual(
    jobs.map(({ name }) => (name === 'timeout' ? 2 : 1)),
  )
  const missing = directories.filter((directory) => !existsSync(join(directory, 'result')))
  expect(missing).toEqual([])
})

interface Member {
  readonly key: string
  readonly kind: Kind
  readonly parent: string | null
  readonly isHandled: boolean
}

/** Every combination of kinds of a parent and two children. */
function families(): readonly Member[] {
  const members: Member[] = []
  for (const first of kinds) {
    for (const second of kinds) {
      for (const third of kinds) {
        const key = `${first}-${second}-${third}`
        const isHandled = members.length % 2 === 0
        members.push({ key, kind: first, parent: null, isHandled })
        members.push({ key: `${key}/1`, kind: second, parent: key, isHandled: !isHandled })
        members.push({ key: `${key}/2`, kind: third, parent: key, isHandled })
      }
    }
  }
  return members
}
