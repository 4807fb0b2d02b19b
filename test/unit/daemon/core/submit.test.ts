// Submissions: all of one or nothing of it, under ids in a row, once per key.
import { expect, test } from 'vitest'
import { Fault } from '../../../../protocol/faults.ts'
import { array, request, startSite, type TestSite } from './site.ts'

function count(site: TestSite, table: string): unknown {
  return site.disk.look(`SELECT count(*) AS count FROM ${table}`)[0]?.['count']
}

const singles = (size: number): ReturnType<typeof request>[] =>
  Array.from({ length: size }, (_, index) => request({ name: `j${index}` }))

test('the jobs of a submission get ids in a row, in the order of the requests', async () => {
  const site = await startSite()
  const receipt = await site.submit([request(), array(10), request()])
  expect(receipt).toMatchObject({ ranges: [[1, 12]], total: 12, isRepeat: false })
  expect(await site.run(site.door.job('2'))).toMatchObject({ name: 'a-1', array_index: 1 })
})

test('a job without anything to wait for rests in PREPROCESSED', async () => {
  const site = await startSite()
  await site.submit([request()])
  const { history } = await site.run(site.door.job('1'))
  expect(history.map(({ state }) => state)).toEqual([
    'CREATED',
    'READY',
    'STAGED_IN',
    'PREPROCESSED',
  ])
})

test('different jobs share a span, whatever their shapes, within a workflow', async () => {
  const site = await startSite()
  await site.submit([
    ...singles(2),
    request({ priority: 5 }),
    request({ workflow: 'v' }),
    request(),
  ])
  const spans = [...site.core.site.spans.all()].map(({ lo, hi }) => [lo, hi])
  expect(spans).toEqual([
    [1, 3],
    [4, 4],
    [5, 5],
  ])
})

test('an array is a span of its own beside singles of its shape', async () => {
  const site = await startSite()
  await site.submit([request(), array(3), request()])
  const spans = [...site.core.site.spans.all()].map(({ lo, spec }) => [lo, spec])
  expect(spans).toEqual([
    [1, null],
    [2, 2],
    [5, null],
  ])
})

test('1,000 requests are laid down ahead as a block, and none of it shows yet', async () => {
  const site = await startSite()
  const writer = site.door.beginSubmission(null)
  await site.run(writer.push(singles(1_000)))
  expect(count(site, 'spec')).toBe(1_000)
  expect(await site.run(site.door.tally({}))).toMatchObject({ total: 0 })
  await site.run(writer.finish('digest'))
  expect(await site.run(site.door.tally({}))).toMatchObject({ total: 1_000 })
})

test('a smaller submission writes nothing before it is closed', async () => {
  const site = await startSite()
  const writer = site.door.beginSubmission(null)
  await site.run(writer.push(singles(999)))
  expect(count(site, 'spec')).toBe(0)
})

test('an abandoned submission leaves nothing, and its ids are not used again', async () => {
  const site = await startSite()
  const writer = site.door.beginSubmission(null)
  await site.run(writer.push(singles(1_000)))
  writer.abandon()
  await site.pass(10)
  expect(count(site, 'spec')).toBe(0)
  expect(await site.submit([request()])).toMatchObject({ ranges: [[1_001, 1_001]] })
})

test('a submission whose daemon died before the closing leaves nothing', async () => {
  const site = await startSite()
  const writer = site.door.beginSubmission(null)
  await site.run(writer.push(singles(1_000)))
  await site.start()
  expect(count(site, 'spec')).toBe(0)
  expect(await site.submit([request()])).toMatchObject({ ranges: [[1_001, 1_001]] })
})

test('blocks that another submission came between are told as two ranges', async () => {
  const site = await startSite()
  const large = site.door.beginSubmission(null)
  await site.run(large.push(singles(1_000)))
  await site.submit([array(10)])
  await site.run(large.push(singles(10)))
  const receipt = await site.run(large.finish('digest'))
  expect(receipt.ranges).toEqual([
    [1, 1_000],
    [1_011, 1_020],
  ])
})

test('an unknown app is refused with the index of its request', async () => {
  const site = await startSite()
  const writer = site.door.beginSubmission(null)
  const requests = [request(), request({ application: 'Nope', command: null })]
  const refusal = await site.run(writer.push(requests)).catch((error: unknown) => error)
  expect(refusal).toBeInstanceOf(Fault)
  expect(refusal).toMatchObject({ code: 'APP_UNKNOWN', facts: { name: 'Nope', index: 1 } })
})

test('an app whose name differs in case only is proposed', async () => {
  const site = await startSite()
  const app = { name: 'Hello', executable: 'x', description: '', envscript: '', environment: {} }
  await site.run(site.door.addApp(app))
  const writer = site.door.beginSubmission(null)
  const refused = writer.push([request({ application: 'hello', command: null })])
  await expect(site.run(refused)).rejects.toThrow('did you mean Hello?')
})

test('a submission without a job is refused', async () => {
  const site = await startSite()
  await expect(site.run(site.door.beginSubmission(null).finish('d'))).rejects.toMatchObject({
    code: 'BAD_REQUEST',
  })
})

test('more jobs than a submission may hold are refused before any is written', async () => {
  const site = await startSite()
  const writer = site.door.beginSubmission(null)
  await expect(site.run(writer.push([array(10_000_001)]))).rejects.toMatchObject({
    code: 'TOO_MANY',
  })
})

test('a daemon that is going down takes no submission', async () => {
  const site = await startSite()
  site.core.isDraining = true
  await expect(site.submit([request()])).rejects.toMatchObject({ code: 'DRAINING' })
})

test('the same key with the same content gives the earlier receipt and no new job', async () => {
  const site = await startSite()
  const first = await site.submit([array(3)], 'key')
  const again = await site.submit([array(3)], 'key')
  expect(again).toEqual({ ...first, isRepeat: true })
  expect(await site.run(site.door.tally({}))).toMatchObject({ total: 3 })
})

test('the same key with other content is refused, and leaves nothing', async () => {
  const site = await startSite()
  await site.submit([array(3)], 'key')
  await expect(site.submit(singles(1_000), 'key')).rejects.toMatchObject({ code: 'KEY_REUSED' })
  await site.pass(10)
  expect(count(site, 'spec')).toBe(1)
})

test('one that began before another of its key was accepted is known as a repeat', async () => {
  const site = await startSite()
  const [first, second] = [site.door.beginSubmission('key'), site.door.beginSubmission('key')]
  await site.run(first.push([array(3)]))
  await site.run(second.push([array(3)]))
  const receipt = await site.run(first.finish('digest'))
  expect(await site.run(second.finish('digest'))).toEqual({ ...receipt, isRepeat: true })
  expect(await site.run(site.door.tally({}))).toMatchObject({ total: 3 })
})

test('a key is remembered over a restart', async () => {
  const site = await startSite()
  const first = await site.submit([array(3)], 'key')
  await site.start()
  expect(await site.submit([array(3)], 'key')).toEqual({ ...first, isRepeat: true })
})

test('a submission that is sent again while it is being written is accepted once', async () => {
  const site = await startSite()
  const [one, other] = await Promise.all([
    site.submit([array(3)], 'k'),
    site.submit([array(3)], 'k'),
  ])
  expect(site.deaths).toEqual([])
  expect([one.isRepeat, other.isRepeat]).toEqual([false, true])
  expect(await site.run(site.door.tally({}))).toMatchObject({ total: 3 })
})
