// A parent, three children and a reduce with files that flow between them, and what its hooks do
// when one of them fails or runs out of time, as in Balsam 0.3's TestDAG.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { until } from '../../support/until.ts'
import { hangOnce, openScene, type Scene, shellCalls } from './scene.ts'

test('files flow from a parent through its children into a reduce, and out', async () => {
  const scene = await openScene()
  const { ids } = await submitTree(scene, {})
  await scene.launcher()
  expect(await scene.ended()).toEqual({ JOB_FINISHED: 5 })
  await expectSum(scene, ids)
})

test('a child whose time was over runs again, and the reduce waits for it', async () => {
  const scene = await openScene()
  const { ids } = await submitTree(scene, { child: hangOnce })
  await interruptWhile(scene, ids[1], { JOB_FINISHED: 3, RUNNING: 1, AWAITING_PARENTS: 1 })
  await scene.launcher()
  expect(await scene.ended()).toEqual({ JOB_FINISHED: 5 })
  expect((await scene.history(ids[1])).join(' ')).toContain('RUN_TIMEOUT')
  await expectSum(scene, ids)
})

test('a child whose error is handled lets the reduce go on', async () => {
  const scene = await openScene()
  const { ids } = await submitTree(scene, { child: 'exit 1' })
  await scene.launcher()
  expect(await scene.ended()).toEqual({ JOB_FINISHED: 5 })
  expect(await scene.history(ids[1])).toContain('JOB_FINISHED: handled error in square_post')
  await expectSum(scene, ids)
})

test('a parent whose error is handled lets its children go on', async () => {
  const scene = await openScene()
  const { ids } = await submitTree(scene, { parent: 'exit 1' })
  await scene.launcher()
  expect(await scene.ended()).toEqual({ JOB_FINISHED: 5 })
  expect(await scene.history(ids[0])).toContain('JOB_FINISHED: handled error in square_post')
  await expectSum(scene, ids)
})

test('a failed parent fails all that wait for it, each with the reason', async () => {
  const scene = await openScene()
  const { ids } = await submitTree(scene, { parent: 'exit 1', handlesParent: false })
  await scene.launcher()
  expect(await scene.ended()).toEqual({ FAILED: 5 })
  const why = `FAILED: job ${ids[0]}, on which its parents depend, failed`
  expect((await scene.history(ids[4])).at(-1)).toBe(why)
})

test('a handler of a timeout makes a rescue job and lets the children wait for it', async () => {
  const scene = await openScene()
  const postprocess = scene.python(
    'square_post',
    'if not dag.TIMEOUT: sys.exit(0)',
    'children = list(dag.children)',
    'rescue = dag.spawn_child(name="rescue", post_timeout_handler=False, postprocess="")',
    'for child in children: dag.add_dependency(rescue, child)',
    'names = " and ".join(child.cute_id for child in children)',
    'said = f"spawned rescue job {rescue.cute_id} for {names}"',
    'dag.current_job.update_state("JOB_FINISHED", said)',
  )
  // The rescue job has the same command; the file tells it that it is not the first.
  const once = join(scene.world.base, 'once')
  const parent = scene.sh(
    'parent',
    `[ -e ${once} ] || { touch ${once}; sleep 600; }`,
    'echo 5 > side1.dat; echo 7 > side2.dat',
  )
  const [id = 0] = await scene.submit({
    name: 'parent',
    workflow: 'rescued',
    command: [parent],
    postprocess,
    postTimeoutHandler: true,
  })
  const child = scene.sh('child', 'read -r x < "$1"', 'echo $((x * x)) > square.dat')
  const children = await scene.submit(
    ...[1, 2].map((n) => ({
      name: `child${n}`,
      workflow: 'rescued',
      command: [child, `side${n}.dat`],
      parents: [id],
      inputFiles: [`side${n}.dat`],
    })),
  )
  const launcher = await scene.launcher()
  await until('the parent hangs', () => existsSync(once))
  await launcher.interrupt()
  await scene.reach({ JOB_FINISHED: 1, PREPROCESSED: 1, AWAITING_PARENTS: 2 })
  await scene.launcher()
  expect(await scene.ended()).toEqual({ JOB_FINISHED: 4 })
  const rescue = await scene.balsam.job('rescue')
  expect(rescue.parents).toEqual([id])
  expect((await scene.history(id)).at(-1)).toContain(`spawned rescue job [rescue | ${rescue.id}]`)
  expect((await scene.history(rescue.id)).at(0)).toBe(`CREATED: spawned by job ${id}`)
  for (const [index, each] of children.entries()) {
    expect((await scene.balsam.job(each)).parents).toEqual([id, rescue.id])
    expect(await scene.text(each, 'square.dat')).toBe(['25\n', '49\n'][index])
  }
})

/** What the tree's tasks do beside their work. */
interface Tree {
  /** Shell text at the end of the parent, or of the first child. */
  readonly parent?: string
  readonly child?: string
  readonly handlesParent?: boolean
}

type TreeIds = readonly [number, number, number, number, number]

/** A parent that makes 2, 3 and 4, three children that square one each, a reduce that adds up. */
async function submitTree(scene: Scene, tree: Tree): Promise<{ readonly ids: TreeIds }> {
  const postprocess = scene.sh(
    'square_post',
    ...shellCalls,
    '[ "$BALSAM_JOB_ERROR" = TRUE ] || exit 0',
    'become JOB_FINISHED "handled error in square_post"',
  )
  const handled = { postprocess, postErrorHandler: true }
  const parent = scene.sh(
    'parent',
    'for n in 1 2 3; do echo $((n + 1)) > side$n.dat; done',
    tree.parent ?? '',
  )
  const square = ['x=$(cat side*.dat)', 'echo $((x * x)) > square.dat']
  const child = scene.sh('child', ...square)
  const first = scene.sh('first', ...square, tree.child ?? '')
  const reduce = scene.sh(
    'reduce',
    'sum=0; for file in square.dat*; do read -r x < "$file"; sum=$((sum + x)); done',
    'ls square.dat* > files.txt; echo "Total sum: $sum" > summary.dat',
  )
  const common = { workflow: 'tree' }
  const ids = await scene.submit(
    {
      ...common,
      name: 'parent',
      key: 'parent',
      command: [parent],
      ...(tree.handlesParent === false ? {} : handled),
    },
    ...[1, 2, 3].map((n) => ({
      ...common,
      ...handled,
      name: `child${n}`,
      key: `child${n}`,
      command: [n === 1 ? first : child],
      parents: ['parent'],
      inputFiles: [`side${n}.dat`],
    })),
    {
      ...common,
      name: 'reduce',
      command: [reduce],
      parents: ['child1', 'child2', 'child3'],
      inputFiles: ['square*'],
      stageOutUrl: `local:${scene.world.base}/results`,
      stageOutFiles: ['summary*', '*.out'],
    },
  )
  const [p = 0, c1 = 0, c2 = 0, c3 = 0, r = 0] = ids
  return { ids: [p, c1, c2, c3, r] }
}

/** The reduce saw each child's file, two under the names of their makers, and its sum is out. */
async function expectSum(scene: Scene, [, first, second, third, reduce]: TreeIds): Promise<void> {
  expect(readFileSync(join(scene.world.base, 'results/summary.dat'), 'utf8')).toBe(
    'Total sum: 29\n',
  )
  const files = (await scene.text(reduce, 'files.txt')).trim().split('\n')
  const makers = [first, second, third]
  expect(files).toContain('square.dat')
  expect(makers.filter((id) => files.includes(`square.dat_${id}`))).toHaveLength(2)
  expect(files).toHaveLength(3)
}

/** Ends a launcher when the jobs are in these states and this one hangs. */
async function interruptWhile(
  scene: Scene,
  id: number,
  states: Parameters<Scene['reach']>[0],
): Promise<void> {
  const launcher = await scene.launcher()
  await scene.reach(states)
  const { working_directory: place } = await scene.balsam.job(id)
  await until('the task hangs', () => existsSync(join(place, 'hung')))
  await launcher.interrupt()
}
