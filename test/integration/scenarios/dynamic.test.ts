// Work that finds out what there is to do, as in Balsam 0.3's test_dynamic and its tutorial: a hook
// adds children and lets a reduce, which was there before them, wait for all.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { JobDetail } from '../../../protocol/job.ts'
import { openScene, type Scene } from './scene.ts'

const count = 6

test('a Python hook fans out into children that a waiting reduce waits for', async () => {
  const scene = await openScene()
  const child = scene.sh('child', 'read -r x < "$1"', 'echo $((x * x)) > square.dat')
  await scene.site.ok('app', '--name', 'Square', '--executable', child)
  const postprocess = scene.python(
    'fan_out',
    'reduce = dag.BalsamJob.objects.get(name="reduce")',
    'for side in sorted(f for f in os.listdir(".") if f.startswith("side")):',
    '    child = dag.spawn_child(name=side, application="Square", command=None, args=side,',
    '                            input_files=side, postprocess="")',
    '    dag.add_dependency(child, reduce)',
  )
  const { reduce, sum } = await reduced(scene, postprocess)
  expect(reduce.parents_total).toBe(count + 1)
  expect(sum).toBe('Total sum: 91\n')
})

test('a shell hook fans out in the same way', async () => {
  const scene = await openScene()
  const child = scene.sh('child', 'read -r x < "$1"', 'echo $((x * x)) > square.dat')
  await scene.site.ok('app', '--name', 'Square', '--executable', child)
  const postprocess = scene.sh(
    'fan_out',
    'set -e',
    'reduce=$(balsam ls --name reduce --json | grep -o \'"id": *[0-9]*\' | grep -o "[0-9]*")',
    'for side in side*.dat; do',
    '  id=$(balsam mkchild --name $side --workflow fan --application Square --args $side \\',
    '    --input-files $side --cpus 1)',
    '  curl -sS --fail-with-body --unix-socket "$BALSAM_SOCKET" \\',
    '    -H "authorization: Bearer $BALSAM_TASK_TOKEN" -d "{\\"edges\\":[[$id,$reduce]]}" \\',
    '    http://x/v1/dependencies',
    'done',
  )
  const { reduce, sum } = await reduced(scene, postprocess)
  expect(reduce.parents_total).toBe(count + 1)
  expect(sum).toBe('Total sum: 91\n')
})

/** Runs the tree that this hook of its root makes; gives its reduce and the sum of all squares. */
async function reduced(
  scene: Scene,
  postprocess: string,
): Promise<{ readonly reduce: JobDetail; readonly sum: string }> {
  const root = scene.sh('root', `for n in $(seq 1 ${count}); do echo $n > side$n.dat; done`)
  const adding = [
    'sum=0; for file in square.dat*; do read -r x < "$file"; sum=$((sum + x)); done',
    'echo "Total sum: $sum" > summary.dat',
  ]
  const [rootId = 0, reduceId = 0] = await scene.submit(
    { name: 'root', key: 'root', workflow: 'fan', command: [root], postprocess },
    {
      name: 'reduce',
      workflow: 'fan',
      command: [scene.sh('reduce', ...adding)],
      parents: ['root'],
      inputFiles: ['square*'],
      stageOutUrl: `local:${scene.world.base}/results`,
      stageOutFiles: ['summary*'],
    },
  )
  await scene.launcher()
  expect(await scene.ended()).toEqual({ JOB_FINISHED: count + 2 })
  const reduce = await scene.balsam.job(reduceId)
  expect(reduce.parents).toContain(rootId)
  const sum = readFileSync(join(scene.world.base, 'results/summary.dat'), 'utf8')
  return { reduce, sum }
}
