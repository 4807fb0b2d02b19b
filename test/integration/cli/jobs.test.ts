// The verbs about jobs against a real daemon and a launcher without processes.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeWorld, startLauncher, type World } from '../../support/command-line.ts'

let world: World
beforeAll(async () => {
  world = await makeWorld()
  await world.balsam('app', '--name', 'SayHello', '--executable', 'echo hello,')
})
afterAll(() => world.close())

const json = (text: string): Record<string, unknown> => JSON.parse(text) as Record<string, unknown>

test('the example’s loop, ls and wait work as written', async () => {
  const loop = await world.bash(`for i in {1..10}; do
    balsam job --name hi$i --workflow test --application SayHello --args "world $i"; done`)
  expect(loop).toMatchObject({ code: 0, err: '' })
  const list = await world.balsam('ls', '--workflow', 'test')
  expect(list.out.split('\n')).toHaveLength(12)
  expect(list.out).toContain('\thi3\ttest\tSayHello\tPREPROCESSED\t')
  await startLauncher(world)
  const waited = await world.balsam('wait', '--workflow', 'test')
  expect(waited).toMatchObject({ code: 0, out: '' })
  expect(waited.err).toContain('10/10 done')
})

test('show gives the final command, split without a shell', async () => {
  await world.balsam(
    'job',
    '--name',
    'quoted',
    '--application',
    'SayHello',
    '--args',
    `'a b' "$HOME" *`,
    '--env',
    'A=1=2',
  )
  const { out } = await world.balsam('show', 'quoted', '--json')
  expect(json(out)).toMatchObject({
    schema: 'balsam.job/1',
    argv: ['echo', 'hello,', 'a b', '$HOME', '*'],
    environment: { A: '1=2' },
  })
  expect((await world.balsam('show', 'quoted')).out).toContain(`command      echo hello, 'a b'`)
})

test('submit prints the new ids and takes the command as it is', async () => {
  const one = await world.balsam('submit', '--', 'sh', '-c', 'echo $1', '--name')
  expect(one).toMatchObject({ code: 0, err: '' })
  const shown = json((await world.balsam('show', one.out.trim(), '--json')).out)
  expect(shown).toMatchObject({ name: 'sh', workflow: 'default' })
  expect(shown['argv']).toEqual(['sh', '-c', 'echo $1', '--name'])
  const many = await world.balsam('submit', '--array', '5-14', '--name', 'arr', 'true')
  expect(many.out).toMatch(/^\d+-\d+\n$/)
})

test('array elements are named after their index', async () => {
  await world.balsam('submit', '--array', '3-4', '--name', 'elem', '--', 'echo', '{i}')
  const { out } = await world.balsam('show', 'elem-4', '--json')
  expect(json(out)).toMatchObject({ name: 'elem-4', array_index: 4, argv: ['echo', '4'] })
})

test('submit --wait says at once that nothing runs, and ends when it has run', async () => {
  const waiting = world.start('balsam', ['submit', '--wait', '--stdout', 'none', '--', 'true'])
  await waiting.until('there is no launcher')
  await startLauncher(world)
  expect(await waiting.ended).toMatchObject({ code: 0 })
})

test('every list is one document of one shape, also when it is empty', async () => {
  for (const words of [
    ['ls', '--name', 'nothing', '--allow-empty'],
    ['ls', 'apps'],
    ['ls', 'launchers'],
  ]) {
    const { out, code } = await world.balsam(...words, '--json')
    expect(code).toBe(0)
    const document = json(out)
    expect(Object.keys(document).sort()).toEqual(['items', 'schema', 'total', 'truncated'])
  }
})

test('a list of chosen jobs of which there are none is exit 3, unless allowed', async () => {
  const words = ['ls', '--name', 'nothing']
  expect(await world.balsam(...words)).toMatchObject({ code: 3, err: 'balsam: no job matches\n' })
  const asJson = await world.balsam(...words, '--json')
  expect([asJson.code, json(asJson.out)['total']]).toEqual([3, 0])
  expect((await world.balsam(...words, '--allow-empty')).code).toBe(0)
})

test('workflows are listed with their jobs by state', async () => {
  await world.balsam('submit', '--array', '1-5', '--workflow', 'wf-b', '--', 'true')
  await world.balsam('submit', '--name', 'lone', '--workflow', 'wf-a', '--', 'true')
  await world.balsam('kill', 'lone')
  const items = async (...more: string[]): Promise<unknown> => {
    const { out } = await world.balsam('ls', 'wf', '--json', ...more)
    return json(out)['items']
  }
  const a = { workflow: 'wf-a', total: 1, states: { USER_KILLED: 1 } }
  const b = { workflow: 'wf-b', total: 5, states: { PREPROCESSED: 5 } }
  expect(await items()).toEqual(expect.arrayContaining([a, b]))
  expect(await items('--wf', 'wf-b')).toEqual([b])
  expect(await items('--name', 'lone')).toEqual([a])
})

test('a list that is cut says so, and --all is whole', async () => {
  await world.balsam('submit', '--array', '1-120', '--workflow', 'long', '--stdout', 'none', 'true')
  const cut = await world.balsam('ls', '--workflow', 'long')
  expect(cut.err).toBe('balsam: showing 50 of 120; --all shows all\n')
  expect(json((await world.balsam('ls', '--wf', 'long', '--json')).out)).toMatchObject({
    total: 120,
    truncated: true,
  })
  const all = await world.balsam('ls', '--workflow', 'long', '--all', '--json')
  expect(json(all.out)['items']).toHaveLength(120)
  expect(json(all.out)['truncated']).toBe(false)
})

test('states filter in any case, and are counted by --by-states', async () => {
  await world.balsam('submit', '--array', '1-3', '--workflow', 'states', '--', 'true')
  const { out } = await world.balsam('ls', '--by-states', '--wf', 'states')
  expect(out).toBe('state\tjobs\nPREPROCESSED\t3\n')
  const filtered = await world.balsam('ls', '--wf', 'states', '--state', 'preprocessed,failed')
  expect(filtered.out.split('\n')).toHaveLength(5)
})

test('killed jobs make a wait fail with exit 4', async () => {
  const { out } = await world.balsam('submit', '--array', '1-3', '--workflow', 'killed', 'true')
  const killed = await world.balsam('kill', out.trim())
  expect(killed).toMatchObject({ code: 0, err: 'balsam: 3 killed\n' })
  const waited = await world.balsam('wait', '--workflow', 'killed')
  expect(waited.code).toBe(4)
  expect(waited.err).toContain('3 of 3 jobs failed [JOBS_FAILED]')
  expect((await world.balsam('wait', '--workflow', 'killed', '--no-fail')).code).toBe(0)
  const again = await world.balsam('killjob', '--id', out.trim())
  expect(again.err).toContain('0 killed (3 had already ended)')
})

test('a wait that takes too long ends with 5, and one for nothing with 3', async () => {
  await world.balsam('submit', '--workflow', 'never', '--', 'true')
  const late = await world.balsam('wait', '--workflow', 'never', '--timeout', '0.2s')
  expect(late.code).toBe(5)
  expect(late.err).toContain('[WAIT_TIMEOUT]')
  const nothing = await world.balsam('wait', '--workflow', 'no-such')
  expect(nothing).toMatchObject({ code: 3 })
  expect((await world.balsam('wait', '--workflow', 'no-such', '--allow-empty')).code).toBe(0)
})

test('Ctrl-C detaches from a wait and says how to come back', async () => {
  await world.balsam('submit', '--workflow', 'detached', '--', 'true')
  const waiting = world.start('balsam', ['wait', '--workflow', 'detached'])
  await waiting.until('there is no launcher')
  waiting.child.kill('SIGINT')
  const { code, err } = await waiting.ended
  expect(code).toBe(130)
  expect(err).toContain('the jobs go on. balsam wait --workflow detached waits again')
  expect((await world.balsam('ls', '--wf', 'detached')).out).toContain('PREPROCESSED')
})

test('rm of many jobs needs a yes, and a dry run removes nothing', async () => {
  const { out } = await world.balsam('submit', '--array', '1-4', '--workflow', 'gone', 'true')
  await world.balsam('kill', out.trim())
  const refused = await world.balsam('rm', '--workflow', 'gone')
  expect(refused).toMatchObject({ code: 8 })
  expect(refused.err).toContain('removing 4 jobs needs a yes [NOT_CONFIRMED]')
  expect((await world.balsam('rm', '--wf', 'gone', '--dry-run')).err).toContain('4 would be')
  expect((await world.balsam('rm', 'jobs', '--wf', 'gone', '--force')).err).toContain('4 removed')
  expect((await world.balsam('ls', '--wf', 'gone')).err).toContain('no job matches')
})

test('killing everything needs --all and --yes', async () => {
  expect((await world.balsam('kill')).code).toBe(2)
  expect((await world.balsam('kill', '--all')).code).toBe(8)
})

test('a reader that goes away ends a list quietly', async () => {
  await world.balsam(
    'submit',
    '--array',
    '1-30000',
    '--workflow',
    'pipe',
    '--stdout',
    'none',
    'true',
  )
  const { out, err } = await world.bash(
    'balsam ls --workflow pipe --all | head -1; echo "${PIPESTATUS[0]}"',
  )
  expect(out).toMatch(/^id\tname.*\n0\n$/)
  expect(err).toBe('')
})

test('the output of a job that has none says why', async () => {
  const { out } = await world.balsam('submit', '--stdout', 'none', '--name', 'mute', '--', 'true')
  const none = await world.balsam('out', out.trim())
  expect(none).toMatchObject({ code: 3 })
  expect(none.err).toContain('--stdout none')
  const early = await world.balsam('submit', '--name', 'early', '--', 'true')
  expect((await world.balsam('out', early.out.trim())).err).toContain('it is PREPROCESSED')
})

test('current is the job whose task asks, and nothing outside of one', async () => {
  const id = (await world.balsam('submit', '--', 'true')).out.trim()
  const inside = await world.bash('balsam show current --json', { env: { BALSAM_JOB_ID: id } })
  expect(json(inside.out)).toMatchObject({ id: Number(id) })
  expect(await world.balsam('show', 'current')).toMatchObject({
    code: 2,
    err: expect.stringContaining('[NOT_IN_A_TASK]'),
  })
})

test('make_dummies adds jobs that say hello', async () => {
  expect((await world.balsam('make_dummies', '1_000')).code).toBe(0)
  const list = json((await world.balsam('ls', '--workflow', 'dummy', '--json')).out)
  expect(list).toMatchObject({ total: 1_000 })
  expect((await world.balsam('make_dummies', 'many')).code).toBe(2)
})

test('a job file is taken whole or not at all, and a refusal names file and line', async () => {
  const files = `printf '%s\\n' '- name: f1' '  command: [echo, a]' '- name: f/2' \\
    '  command: [echo, b]' > jobs.yaml`
  const refused = await world.bash(`${files}; balsam job --file jobs.yaml --workflow filed`)
  expect([refused.code, refused.err]).toEqual([2, expect.stringContaining('jobs.yaml:3: name')])
  expect((await world.balsam('ls', '--workflow', 'filed')).err).toContain('no job matches')
  const taken = await world.bash(
    'sed -i s,f/2,f2, jobs.yaml; balsam job --file jobs.yaml --workflow filed',
  )
  expect(taken).toMatchObject({ code: 0, err: '' })
  expect(taken.out).toMatch(/^\d+-\d+\n$/)
})
