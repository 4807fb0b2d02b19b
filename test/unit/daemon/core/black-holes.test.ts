// A node on which an app fails at once, and only there, gets no more of its jobs for a while.
import { expect, test } from 'vitest'
import { frameKind } from '../../../../protocol/frames.ts'
import { limits } from '../../../../protocol/limits.ts'
import { TestLauncher } from './launcher.ts'
import { request, startSite, type TestSite } from './site.ts'

async function siteWithApp(): Promise<TestSite> {
  const site = await startSite()
  await site.run(
    site.door.addApp({
      name: 'app',
      executable: 'exe',
      description: '',
      envscript: '',
      environment: {},
    }),
  )
  return site
}

async function node(site: TestSite, name: string): Promise<TestLauncher> {
  return new TestLauncher(site).hello(await site.allocate(), { node: name, cpus: 1 })
}

async function submit(site: TestSite, count: number): Promise<void> {
  const one = request({ application: 'app', command: null })
  await site.submit(Array.from({ length: count }, (_, index) => ({ ...one, name: `j${index}` })))
  await site.run(site.core.settled())
}

/** Ends the newest task of a launcher, after long enough that none is sent ahead. */
async function end(launcher: TestLauncher, code: number): Promise<void> {
  const token = launcher.tokens().at(-1) ?? 0
  await launcher.tell([frameKind.exited, 1, [token, code, 0, 1_000, 2_000, 1, 1, 1_000, 0], []])
}

test('after three quick failures a node gets no more, and later another chance', async () => {
  const site = await siteWithApp()
  const [good, bad] = [await node(site, 'good'), await node(site, 'bad')]
  await submit(site, 8)
  await end(good, 0)
  for (const _ of [1, 2, 3]) await end(bad, 1)
  expect(bad.tasks()).toHaveLength(3)
  expect(bad.of(frameKind.recall)).toHaveLength(1)
  const { excluded_nodes: excluded } = await site.run(site.door.job('8'))
  expect(excluded).toMatchObject([{ node: 'bad' }])
  await site.pass(limits.exclusionMs + 1_000)
  await bad.tell([frameKind.heartbeat, 0, 0, 0, 0])
  expect(bad.tasks()).toHaveLength(4)
  expect((await site.run(site.door.job('8'))).excluded_nodes).toBeUndefined()
})

test('an app that fails everywhere excludes no node', async () => {
  const site = await siteWithApp()
  const [one, other] = [await node(site, 'one'), await node(site, 'other')]
  await submit(site, 12)
  for (const _ of [1, 2, 3, 4]) {
    await end(one, 1)
    await end(other, 1)
  }
  expect([one.tasks().length, other.tasks().length]).toEqual([5, 5])
})

test('jobs of other apps still go to the node', async () => {
  const site = await siteWithApp()
  const [good, bad] = [await node(site, 'good'), await node(site, 'bad')]
  await submit(site, 5)
  await end(good, 0)
  for (const _ of [1, 2, 3]) await end(bad, 1)
  await site.submit([request({ name: 'plain' })])
  await site.run(site.core.settled())
  expect(bad.tasks()).toHaveLength(4)
})
