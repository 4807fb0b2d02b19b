// Lists with conditions, columns and orders, through the door of a core.
import { expect, test } from 'vitest'
import type { Where } from '../../../../protocol/query.ts'
import { checkJobQuery } from '../../../../protocol/validation/query.ts'
import { TestLauncher } from './launcher.ts'
import { array, request, startSite } from './site.ts'

test('columns that are asked for come with each job, and null where there is nothing', async () => {
  const site = await startSite()
  await site.submit([
    request({ tags: { exp: 'foo' }, data: { r: { e: 1.5 }, list: [1, 'two'] }, priority: 3 }),
    array(2, { name: 'sim' }),
  ])
  const fields = ['priority', 'tags.exp', 'data.r.e', 'data.list.1', 'working_directory', 'node']
  const page = await site.run(site.door.query({ fields }))
  expect(page.items.map((item) => Object.values(item.fields ?? {}))).toEqual([
    [3, 'foo', 1.5, 'two', '/', null],
    [0, null, null, null, '/', null],
    [0, null, null, null, '/', null],
  ])
})

test('the node of a job is that of its latest lease, also as a condition', async () => {
  const site = await startSite()
  await site.submit([array(6)])
  await new TestLauncher(site).hello(await site.allocate())
  const where = { field: 'node', op: 'eq', value: 'node0' } as const
  const page = await site.run(site.door.query({ filter: { where }, fields: ['node'] }))
  expect(page.items.map((item) => item.fields)).toEqual([1, 2, 3, 4].map(() => ({ node: 'node0' })))
})

test('working directories are found by what they contain', async () => {
  const site = await startSite()
  await site.submit([array(12, { name: 'my sim', output: { to: 'workdir' } })])
  const where = { field: 'working_directory', op: 'endswith', value: '/w/my_sim-11_11' } as const
  const page = await site.run(site.door.query({ filter: { where }, fields: ['working_directory'] }))
  expect(page.items.map(({ name }) => name)).toEqual(['my sim-11'])
  const detail = await site.run(site.door.job('11'))
  expect(page.items[0]?.fields).toEqual({ working_directory: detail.working_directory })
})

test('the whole request comes as a column, for lists but not for conditions', async () => {
  const site = await startSite()
  const asked = request({ command: ['echo', 'a b'], inputFiles: ['*.in', 'x'], maxRetries: 2 })
  await site.submit([asked])
  const page = await site.run(site.door.query(checkJobQuery({ fields: ['request'] })))
  expect(page.items[0]?.fields?.['request']).toMatchObject({
    command: ['echo', 'a b'],
    inputFiles: ['*.in', 'x'],
    maxRetries: 2,
  })
  expect(() => checkJobQuery({ order: ['request'] })).toThrow('jobs have no such field')
})

test('a value that its column can never have is refused', async () => {
  const site = await startSite()
  await site.submit([request()])
  const bad = { field: 'priority', op: 'gt', value: 'high' } as const
  await expect(site.run(site.door.list({ where: bad }, 0, 1))).rejects.toThrow(
    'priority: is a number',
  )
})

test('a kill by a condition ends those that match, ranges as ranges', async () => {
  const site = await startSite()
  await site.submit([array(1_000, { tags: { exp: 'foo' } }), array(10)])
  const receipt = await site.run(site.door.kill({ tags: { exp: 'foo' } }, 0))
  expect(receipt).toMatchObject({ killed: 1_000 })
  expect(site.core.site.open.size).toBe(0)
})

test('a job shows its tags, its data and its whole request', async () => {
  const site = await startSite()
  const asked = request({ tags: { exp: 'foo' }, data: { r: 1 }, output: { to: 'workdir' } })
  await site.submit([asked])
  expect(await site.run(site.door.job('1'))).toMatchObject({
    tags: { exp: 'foo' },
    data: { r: 1 },
    request: asked,
  })
})

test('an ordered list says whether more follow', async () => {
  const site = await startSite()
  await site.submit([array(5)])
  const read = (offset: number) => site.run(site.door.query({ order: ['-id'], offset, limit: 2 }))
  expect(await read(0)).toMatchObject({ items: [{ id: 5 }, { id: 4 }], truncated: true, total: 5 })
  expect(await read(4)).toMatchObject({ items: [{ id: 1 }], truncated: false, next: null })
})

test('jobs are found by a parent, and list their parents, elements of arrays too', async () => {
  const site = await startSite()
  await site.submit([
    request({ name: 'a', key: 'a' }),
    array(3, { name: 'b', key: 'b', parents: ['a'] }),
    request({ name: 'c', parents: ['b', 'a'] }),
  ])
  const fields = ['parents']
  const page = await site.run(site.door.query({ fields }))
  expect(page.items.map(({ id, fields: values }) => [id, values?.['parents']])).toEqual([
    [1, []],
    [2, [1]],
    [3, [1]],
    [4, [1]],
    [5, [1, 2, 3, 4]],
  ])
  const found = async (where: Where): Promise<number[]> =>
    (await site.run(site.door.query({ filter: { where } }))).items.map(({ id }) => id)
  expect(await found({ field: 'parents', op: 'contains', value: 1 })).toEqual([2, 3, 4, 5])
  expect(await found({ field: 'parents', op: 'contains', value: 3 })).toEqual([5])
  expect(await found({ field: 'parents', op: 'isnull', value: true })).toEqual([1])
})
