// Many at once, as in Balsam 0.3's TestConcurrentDB and test_lock: nothing is lost, nothing done
// twice, whoever else is at it.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openScene } from './scene.ts'

const shells = 32
const jobsOfEach = 20

test('jobs that many processes add at once are all there, each of them once', async () => {
  const scene = await openScene()
  const { socket } = await scene.balsam.status()
  // The first by the command line, the others as any language would.
  const script = scene.sh(
    'insert',
    'balsam submit --name "j$1-0" -- true > /dev/null || exit 1',
    `for n in $(seq 1 ${jobsOfEach - 1}); do`,
    `  printf '{"name":"j%s-%s","command":["true"],"cwd":"/tmp"}' "$1" "$n" |`,
    `    curl -sS --fail-with-body --unix-socket ${socket} -T - -X POST \\`,
    '      http://x/v1/submissions > /dev/null || exit 1',
    'done',
  )
  const said = await scene.site.bash(
    `for i in $(seq 1 ${shells}); do ${script} $i & done
     for i in $(jobs -p); do wait $i || exit; done`,
  )
  expect(said).toMatchObject({ code: 0, err: '' })
  const names: string[] = []
  for await (const { name } of scene.balsam.allJobs()) names.push(name)
  const expected = Array.from({ length: shells }, (_, shell) =>
    Array.from({ length: jobsOfEach }, (_, n) => `j${shell + 1}-${n}`),
  ).flat()
  expect(names.sort()).toEqual(expected.sort())
})

test('tasks that run at once each add a job, and all of them are run', async () => {
  const scene = await openScene()
  const rank = scene.sh(
    'rank',
    `printf '{"name":"of-%s","command":["true"],"resources":{"cpus":1}}' "$BALSAM_JOB_ID" |`,
    '  curl -sS --fail-with-body --unix-socket "$BALSAM_SOCKET" \\',
    '  -H "authorization: Bearer $BALSAM_TASK_TOKEN" --data-binary @- http://x/v1/submissions',
  )
  const ranks = Array.from({ length: 24 }, (_, n) => ({ name: `rank-${n}`, command: [rank] }))
  const ids = await scene.submit(...ranks)
  await scene.launcher(24)
  await scene.ended({ ids })
  expect(await scene.ended()).toEqual({ JOB_FINISHED: 48 })
  const names: string[] = []
  for await (const { name } of scene.balsam.allJobs()) names.push(name)
  expect(names.filter((name) => name.startsWith('of-')).sort()).toEqual(
    ids.map((id) => `of-${id}`).sort(),
  )
})

test('launchers that drain a site together run each job once', async () => {
  const scene = await openScene()
  const runs = join(scene.world.base, 'runs')
  // The first ones last until every launcher has one, so that all take part.
  const launchers = await Promise.all([1, 2, 3].map(() => scene.launcher(2)))
  const app = scene.sh(
    'app',
    `echo "$BALSAM_JOB_ID" >> ${runs}`,
    `if [ "$1" = first ]; then while [ $(wc -l < ${runs}) -lt 6 ]; do sleep 0.05; done; fi`,
  )
  const jobs = Array.from({ length: 36 }, (_, n) => ({
    name: `j${n}`,
    command: [app, n < 6 ? 'first' : 'later'],
  }))
  const ids = await scene.submit(...jobs)
  expect(await scene.ended()).toEqual({ JOB_FINISHED: 36 })
  expect(readFileSync(runs, 'utf8').trim().split('\n').map(Number).sort(byNumber)).toEqual(ids)
  const attempts = await Promise.all(
    ids.map(async (id) => (await scene.balsam.job(id)).attempt_list),
  )
  expect(attempts.map((list) => list.length)).toEqual(ids.map(() => 1))
  const used = new Set(attempts.flat().map(({ launcher }) => launcher))
  expect(used.size).toBe(launchers.length)
})

const byNumber = (a: number, b: number): number => a - b
