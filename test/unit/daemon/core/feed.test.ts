// What is told of a site: events as they become durable, and histories of many jobs.
import { expect, test } from 'vitest'
import type { JobHistory, SiteEvent } from '../../../../protocol/calls.ts'
import { TestLauncher } from './launcher.ts'
import { array, request, startSite, type TestSite } from './site.ts'

async function listening(): Promise<{ site: TestSite; heard: SiteEvent[]; stop: () => void }> {
  const site = await startSite()
  const heard: SiteEvent[] = []
  const stop = site.door.events((events) => heard.push(...events))
  return { site, heard, stop }
}

test('a listener hears of new jobs and of each change, neighbours in one line', async () => {
  const { site, heard } = await listening()
  await site.submit([array(4)])
  const launcher = await new TestLauncher(site).hello(await site.allocate())
  await launcher.exited(0, ...launcher.tokens())
  await site.run(site.core.settled())
  const lines = heard.map(({ first, last, from, to }) => [first, last, from, to])
  expect(lines[0]).toEqual([1, 4, null, 'PREPROCESSED'])
  expect(lines.filter(([, , , to]) => to === 'JOB_FINISHED')).toEqual(
    [1, 2, 3, 4].map((id) => [id, id, 'RUNNING', 'JOB_FINISHED']),
  )
})

test('a listener that has stopped hears nothing', async () => {
  const { site, heard, stop } = await listening()
  stop()
  await site.submit([array(4)])
  expect(heard).toEqual([])
})

test('nothing is told before it is durable', async () => {
  const { site, heard } = await listening()
  let heardBefore = -1
  site.hooks.beforeCommit = () => {
    heardBefore = heard.length
  }
  await site.submit([request()])
  expect(heardBefore).toBe(0)
  expect(heard).toHaveLength(1)
})

test('a job that moves to another workflow is new there', async () => {
  const { site, heard } = await listening()
  await site.submit([array(3)])
  await site.run(site.door.modify({ filter: { ids: [2] }, changes: { workflow: 'v' } }))
  expect(heard.at(-1)).toEqual({
    first: 2,
    last: 2,
    workflow: 'v',
    from: null,
    to: 'PREPROCESSED',
  })
})

test('histories come for every job that matches, elements of arrays too', async () => {
  const site = await startSite()
  await site.submit([array(450, { tags: { exp: 'foo' } }), request({ name: 'b' })])
  const launcher = await new TestLauncher(site).hello(await site.allocate())
  await launcher.exited(3, ...launcher.tokens().slice(0, 1))
  const read = async (): Promise<JobHistory[]> => {
    const lines: JobHistory[] = []
    for await (const page of site.door.history({ tags: { exp: 'foo' } })) lines.push(...page)
    return lines
  }
  const lines = await site.run(read())
  expect(lines.map(({ id }) => id)).toEqual(Array.from({ length: 450 }, (_, at) => at + 1))
  expect(lines[0]).toMatchObject({ name: 'a-1', num_nodes: 1, attempts: [{ return_code: 3 }] })
  expect(lines[0]?.history.at(-1)).toMatchObject({ state: 'FAILED' })
  expect(lines[449]?.attempts).toEqual([])
})
