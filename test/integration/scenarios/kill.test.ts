// A user's kill wherever a job may be, as in Balsam 0.3's TestUserKill: it ends everything of the
// job, and nothing that comes later moves it on.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { isLiving } from '../../support/processes.ts'
import { until } from '../../support/until.ts'
import { openScene, type Scene } from './scene.ts'

test('a job killed during its preprocess never runs', async () => {
  const scene = await openScene()
  const pids = join(scene.world.base, 'pids')
  const preprocess = scene.python(
    'slow_pre',
    'import time',
    `open(${JSON.stringify(pids)}, "a").write(f"{os.getpid()}\\n")`,
    'time.sleep(600)',
  )
  const ran = join(scene.world.base, 'ran')
  const [id = 0] = await scene.submit({ name: 'j', command: ['touch', ran], preprocess })
  await scene.launcher()
  expect((await killed(scene, id, pids, 1)).at(-1)).toBe(end)
  expect(existsSync(ran)).toBe(false)
  expect(await scene.history(id)).not.toContain('PREPROCESSED')
})

test('a job killed while it runs is never done', async () => {
  const scene = await openScene()
  const pids = join(scene.world.base, 'pids')
  const app = scene.sh('app', `echo $$ >> ${pids}; sleep 600; echo over > result`)
  const postprocess = scene.sh('post', `touch ${scene.world.base}/posted`)
  const [id = 0] = await scene.submit({ name: 'j', command: [app], postprocess })
  await scene.launcher()
  const history = await killed(scene, id, pids, 1)
  expect(history.slice(-2)).toEqual(['RUNNING', end])
  expect(existsSync(join(scene.world.base, 'posted'))).toBe(false)
})

test('a kill ends all processes of a task, deaf ones and those of other groups, too', async () => {
  const scene = await openScene()
  const pids = join(scene.world.base, 'pids')
  // As a launcher of ranks would: children of its own, one in another session, one that is deaf.
  const rank = scene.sh('rank', `[ "$1" = 2 ] && trap '' TERM`, `echo $$ >> ${pids}`, 'sleep 600')
  const ranks = `for r in 0 1 2; do ${rank} $r & done; setsid ${rank} 3 & wait`
  const [id = 0] = await scene.submit({
    name: 'ranks',
    command: ['sh', '-c', ranks],
    resources: { cpus: 4 },
  })
  await scene.launcher()
  expect((await killed(scene, id, pids, 4)).slice(-2)).toEqual(['RUNNING', end])
})

const end = 'USER_KILLED: killed by the user'

/** Kills the job once so many processes of it run, and sees them end. Gives its history. */
async function killed(
  scene: Scene,
  id: number,
  file: string,
  count: number,
): Promise<readonly string[]> {
  const pids = (): readonly number[] =>
    existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1).map(Number) : []
  await until('all processes run', () => pids().length === count, 60_000)
  await scene.site.ok('kill', String(id), '--grace', '1')
  await until('they have ended', () => !pids().some(isLiving), 60_000)
  // What comes of the end of its process is heard before the next job is.
  await scene.submit({ name: 'next', command: ['true'] })
  await scene.ended()
  return scene.history(id)
}
