// What a running task may ask of its site: with the CLI, and with curl through its launcher.
// Real tasks on the local scheduler; nothing in them is told where the site is.
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { TestSite, World } from '../../support/site.ts'
import { makeWorld } from '../../support/site.ts'

let world: World
let site: TestSite
beforeAll(async () => {
  world = await makeWorld()
  site = await world.makeSite()
  await site.ok('submit-launch', '-A', 'P', '-q', 'Q', '-t', '10', '-n', '1')
})
afterAll(() => world.close())

/** Runs a script as a task and gives what it printed, both streams. */
async function inTask(name: string, script: string): Promise<string> {
  await site.ok('submit', '--name', name, '--cpus', '1', '--', 'bash', '-c', script)
  await site.balsam('wait', '--name', name, '--timeout', '60')
  return site.ok('out', name)
}

const curl = `curl -sS --unix-socket "$BALSAM_SOCKET" -H "authorization: Bearer $BALSAM_TASK_TOKEN"`

test('a task submits work, and running launchers take it at once', async () => {
  const said = await inTask(
    'parent',
    'balsam submit --name child --cpus 1 -- echo from the child && balsam wait --name child',
  )
  expect(said).not.toMatch(/\[[A-Z_]+\]/)
  expect(await site.ok('out', 'child')).toBe('from the child\n')
})

test('a task kills what it spawned, and is refused what it did not', async () => {
  await site.ok('submit', '--name', 'stranger', '--cpus', '64', '--', 'true')
  const said = await inTask(
    'killer',
    `balsam submit --name victim --cpus 64 -- true
     balsam kill victim --yes; echo "victim $?"
     balsam kill stranger --yes; echo "stranger $?"
     balsam rm stranger --yes; echo "rm $?"`,
  )
  expect(said).toContain('victim 0')
  expect(said).toMatch(/FORBIDDEN.*stranger [1-9]/s)
  expect(said).toMatch(/rm [1-9]/)
  expect((await site.job('victim')).state).toBe('USER_KILLED')
  expect((await site.job('stranger')).state).toBe('PREPROCESSED')
})

test('what waits for a task belongs to it, whoever submitted it', async () => {
  const script = 'balsam wait --name ready --timeout 60; balsam kill waiting; echo "killed $?"'
  const first = await site.ok('submit', '--name', 'awaited', '--cpus', '1', 'bash', '-c', script)
  await site.ok('submit', '--name', 'waiting', '--parents', first.trim(), '--', 'true')
  await site.ok('submit', '--name', 'ready', '--cpus', '1', '--', 'true')
  await site.balsam('wait', '--name', 'awaited', '--timeout', '60')
  expect(await site.ok('out', 'awaited')).toContain('killed 0')
})

test('grandchildren belong to their family', async () => {
  const said = await inTask(
    'elder',
    `balsam submit --name middle --cpus 1 -- bash -c \\
       'balsam submit --name youngest --cpus 64 -- true'
     balsam wait --name middle && balsam kill youngest --yes; echo "killed $?"`,
  )
  expect(said).toContain('killed 0')
})

test('a task asks for no allocation', async () => {
  const said = await inTask('greedy', 'balsam submit-launch -A P -q Q -t 5 -n 1; echo "launch $?"')
  expect(said).toMatch(/FORBIDDEN.*launch [1-9]/s)
})

test('through its launcher a task submits, waits and kills without knowing the site', async () => {
  const said = await inTask(
    'remote',
    `unset BALSAM_SITE BALSAM_DB_PATH
     line() { echo '{"name":"'$1'","command":["'$2'"],"resources":{"cpus":'$3'}}'; }
     for again in 1 2; do line relayed true 1 | ${curl} -H 'idempotency-key: once' \\
       --data-binary @- http://x/v1/submissions; echo; done
     ${curl} 'http://x/v1/wait?name=relayed'; echo
     line doomed true 64 | ${curl} --data-binary @- http://x/v1/submissions; echo
     ${curl} -d '{"filter":{"name":"doomed"}}' http://x/v1/kill; echo
     ${curl} -d '{"mode":"stop"}' http://x/v1/stop`,
  )
  const answers = said
    .trimEnd()
    .split('\n')
    .map((line): unknown => JSON.parse(line))
  expect(answers).toMatchObject([
    { total: 1, isRepeat: false },
    { total: 1, isRepeat: true },
    { is_done: true, states: { JOB_FINISHED: 1 } },
    { total: 1, isRepeat: false },
    { killed: 1 },
    { error: { code: 'FORBIDDEN' } },
  ])
  expect(await site.jobs('--name', 'relayed')).toHaveLength(1)
})

test('a token is worth nothing once its task has ended, nor a made-up one', async () => {
  const token = (await inTask('brief', 'echo $BALSAM_TASK_TOKEN')).trim()
  const status = (await site.balsamd('status', '--json')).out
  const socket = /"socket": ?"([^"]+)"/.exec(status)?.[1]
  for (const word of [token, '999999', 'x']) {
    const call = `curl -sS --unix-socket ${socket} -H 'authorization: Bearer ${word}'`
    const { out } = await site.bash(`${call} http://x/v1/jobs`)
    expect(out).toMatch(/"code":"(FORBIDDEN|NOT_AUTHENTICATED)"/)
  }
})

test('a task adds a child that waits until the task has finished', async () => {
  await site.ok('app', '--name', 'Echo', '--executable', 'echo')
  const said = await inTask(
    'mother',
    `balsam mkchild --name daughter --application Echo --args "after $BALSAM_JOB_ID" --cpus 1
     balsam ls --name daughter --json`,
  )
  expect(said).toContain('"AWAITING_PARENTS"')
  await site.ok('wait', '--name', 'daughter', '--timeout', '60')
  const [mother] = await site.jobs('--name', 'mother')
  expect(await site.ok('out', 'daughter')).toBe(`after ${mother?.id}\n`)
})

test('spawn copies the current job with changes, as a child of it', async () => {
  const said = await inTask(
    'stem',
    `balsam modify current --set 'data={"x":5}' && balsam show current --json | jq -c .data
     balsam spawn --name sprout -- echo "from $BALSAM_JOB_ID"`,
  )
  expect(said).toContain('{"x":5}')
  await site.ok('wait', '--name', 'sprout', '--timeout', '60')
  const [stem] = await site.jobs('--name', 'stem')
  expect(await site.ok('out', 'sprout')).toBe(`from ${stem?.id}\n`)
  expect(await site.job('sprout')).toMatchObject({ parents: [stem?.id] })
})
