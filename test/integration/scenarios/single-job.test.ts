// One job and everything that can become of it, as in Balsam 0.3's TestSingleJobTransitions.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { JobInput } from '../../../protocol/job.ts'
import { until } from '../../support/until.ts'
import { hangOnce, openScene, type Scene, shellCalls } from './scene.ts'

test('a hook edits the arguments of its job, which squares what was staged in', async () => {
  const scene = await openScene()
  const remote = join(scene.world.base, 'remote')
  const results = join(scene.world.base, 'results')
  mkdirSync(remote)
  writeFileSync(join(remote, 'side0.dat'), '9\n')
  const executable = scene.sh('square', ...square)
  const preprocess = scene.python(
    'square_pre',
    'print("preprocess of job", dag.JOB_ID)',
    'dag.current_job.args = next(f for f in os.listdir(".") if f.endswith("0.dat"))',
    'dag.current_job.save()',
  )
  const postprocess = scene.sh('square_post', 'echo "$BALSAM_JOB_ID made $(cat square.dat)"')
  const app = ['--name', 'Square', '--executable', executable]
  await scene.site.ok('app', ...app)
  const [id = 0] = await scene.submit({
    name: 'square',
    workflow: 'test',
    application: 'Square',
    args: 'unknown',
    preprocess,
    postprocess,
    stageInUrl: `local:${remote}`,
    stageOutUrl: `local:${results}`,
    stageOutFiles: ['square.dat', '*.out'],
  })
  await scene.launcher()
  expect(await scene.ended()).toEqual({ JOB_FINISHED: 1 })
  const history = await scene.history(id)
  const changes = history.filter((line) => /^STAGED_IN: .*args/.test(line))
  expect(changes).toHaveLength(1)
  const states = history.filter((line) => !changes.includes(line))
  expect(states.map((line) => line.replace(/:.*/, ''))).toEqual(normalWay)
  expect(await scene.text(id, 'preprocess.log')).toContain(`preprocess of job ${id}`)
  expect(await scene.text(id, 'postprocess.log')).toContain(`${id} made 81`)
  expect(readdirSync(results).sort()).toEqual(['square.dat', 'square.out'])
  expect(readFileSync(join(results, 'square.dat'), 'utf8')).toBe('81\n')
  expect(readFileSync(join(results, 'square.out'), 'utf8')).toContain('Hello from square')
})

test('an error that nobody handles makes the job fail, and leaves its output', async () => {
  const scene = await openScene()
  const id = await submitSquare(scene, 'exit 1', {})
  await scene.launcher()
  expect(await scene.ended()).toEqual({ FAILED: 1 })
  expect(await scene.text(id, 'square.dat')).toBe('81\n')
  expect((await scene.history(id)).slice(-2)).toEqual(['RUN_ERROR: exit code 1', 'FAILED'])
})

test('a handler of errors decides that the job is finished after all', async () => {
  const scene = await openScene()
  const postprocess = scene.sh(
    'square_post',
    ...shellCalls,
    '[ "$BALSAM_JOB_ERROR" = TRUE ] || exit 9',
    'echo handler was called; become JOB_FINISHED "handled error in square_post"',
  )
  const id = await submitSquare(scene, 'exit 1', { postprocess, postErrorHandler: true })
  await scene.launcher()
  expect(await scene.ended()).toEqual({ JOB_FINISHED: 1 })
  expect((await scene.history(id)).slice(-2)).toEqual([
    'RUN_ERROR: exit code 1',
    'JOB_FINISHED: handled error in square_post',
  ])
  expect(await scene.text(id, 'postprocess.log')).toContain('handler was called')
})

test('a job whose launcher ends is run again by the next, and its hook is not called', async () => {
  const scene = await openScene()
  const postprocess = scene.sh('square_post', 'echo "error $BALSAM_JOB_TIMEOUT"')
  const id = await interrupted(scene, { postprocess })
  await scene.launcher()
  expect(await scene.ended()).toEqual({ JOB_FINISHED: 1 })
  const states = (await scene.history(id)).map((line) => line.replace(/:.*/, ''))
  expect(states.join(' ')).toContain('RUNNING RUN_TIMEOUT RESTART_READY RUNNING RUN_DONE')
  expect(await scene.text(id, 'square.dat')).toBe('81\n')
  expect(await scene.text(id, 'postprocess.log')).not.toContain('TRUE')
})

test('a handler of timeouts decides instead of the automatic retry', async () => {
  const scene = await openScene()
  const postprocess = scene.python(
    'square_post',
    'if not dag.TIMEOUT: sys.exit(9)',
    'print("recognized timeout")',
    'dag.current_job.update_state("JOB_FINISHED", "recognized timeout")',
  )
  const id = await interrupted(scene, { postprocess, postTimeoutHandler: true })
  // No launcher of ours is left: the daemon lets its own run the handler.
  expect(await scene.ended()).toEqual({ JOB_FINISHED: 1 })
  const history = await scene.history(id)
  expect(history.at(-1)).toBe('JOB_FINISHED: recognized timeout')
  expect(history.join(' ')).not.toContain('RESTART_READY')
  expect(await scene.text(id, 'postprocess.log')).toContain('recognized timeout')
})

test('a timeout fails the job that is neither retried nor handled', async () => {
  const scene = await openScene()
  const id = await interrupted(scene, { autoTimeoutRetry: false })
  expect(await scene.ended()).toEqual({ FAILED: 1 })
  expect((await scene.history(id)).at(-1)).toBe('FAILED: not to be run again after a timeout')
})

const normalWay = [
  'CREATED',
  'READY',
  'STAGED_IN',
  'PREPROCESSED',
  'RUNNING',
  'RUN_DONE',
  'POSTPROCESSED',
  'JOB_FINISHED',
]

const square = ['echo Hello from square', 'read -r x < "$1"', 'echo $((x * x)) > square.dat']

/** A job that squares 9 and then does this. */
async function submitSquare(
  scene: Scene,
  then: string,
  fields: Partial<JobInput>,
): Promise<number> {
  writeFileSync(join(scene.world.base, 'side0.dat'), '9\n')
  const command = [scene.sh('square', ...square, then), join(scene.world.base, 'side0.dat')]
  const [id = 0] = await scene.submit({ name: 'square', command, ...fields })
  return id
}

/** A job whose first attempt hangs, and whose launcher was ended meanwhile. */
async function interrupted(scene: Scene, fields: Partial<JobInput>): Promise<number> {
  const id = await submitSquare(scene, hangOnce, fields)
  const launcher = await scene.launcher()
  await scene.reach({ RUNNING: 1 })
  const { working_directory: workdir } = await scene.balsam.job(id)
  await until('the task hangs', () => existsSync(join(workdir, 'hung')))
  await launcher.interrupt()
  return id
}
