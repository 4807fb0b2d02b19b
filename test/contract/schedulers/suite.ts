// What every scheduler adapter must do, whatever its scheduler is. An adapter's test gives a world
// in which it runs; the suite knows nothing of commands, files or processes.
import { expect, test } from 'vitest'
import type { AllocationFacts, KnownAllocation } from '../../../daemon/core/allocation-services.ts'
import type { Scheduler } from '../../../daemon/schedulers/scheduler.ts'

/** A world with one scheduler, new for each test; it cleans up after itself. */
export interface SchedulerWorld {
  readonly scheduler: Scheduler
  /** A prepared allocation that runs until it is finished or cancelled. */
  allocation(changes?: Partial<AllocationFacts['request']>): Promise<AllocationFacts>
  /** Has an allocation end by itself. */
  finish(facts: AllocationFacts): Promise<void>
  /** A request that this scheduler refuses. */
  refused(): Promise<AllocationFacts>
  /** The same scheduler, as a daemon sees it that has just started. */
  again(): Scheduler
  /** How many live that were ever submitted, by the world's own knowledge. */
  livingCount(): Promise<number>
}

/** Submits, and gives the allocation as the core then knows it. */
export async function submitted(
  scheduler: Scheduler,
  facts: AllocationFacts,
): Promise<KnownAllocation> {
  const answer = await scheduler.submit(facts)
  if (answer.kind !== 'accepted') throw new Error(JSON.stringify(answer))
  return { ...facts, schedulerId: answer.schedulerId }
}

/** Polls until an allocation is in a state; the test's timeout ends a hopeless wait. */
export async function reaches(
  scheduler: Scheduler,
  allocation: KnownAllocation,
  state: 'running' | 'ended',
): Promise<string> {
  for (;;) {
    const answer = (await scheduler.poll([allocation])).get(allocation.id)
    if (answer?.state === state) return answer.evidence
    if (answer?.state === 'ended') throw new Error(`it has ended: ${answer.evidence}`)
    await new Promise((done) => setTimeout(done, 10))
  }
}

/** Registers the suite's tests for one adapter. */
export function schedulerContract(makeWorld: () => Promise<SchedulerWorld>): void {
  test('an accepted allocation runs, and has ended once it is finished', async () => {
    const world = await makeWorld()
    const facts = await world.allocation()
    const allocation = await submitted(world.scheduler, facts)
    await reaches(world.scheduler, allocation, 'running')
    await world.finish(facts)
    expect(await reaches(world.scheduler, allocation, 'ended')).not.toBe('')
    expect(await world.livingCount()).toBe(0)
  })

  test('a submission is found by its token, and what was not submitted is not', async () => {
    const world = await makeWorld()
    const facts = await world.allocation()
    expect(await world.scheduler.findByToken(facts)).toBeNull()
    const { schedulerId } = await submitted(world.scheduler, facts)
    expect(await world.scheduler.findByToken(facts)).toBe(schedulerId)
    expect(await world.again().findByToken(facts)).toBe(schedulerId)
  })

  test('what is submitted again under its token runs once', async () => {
    const world = await makeWorld()
    const facts = await world.allocation()
    const first = await submitted(world.scheduler, facts)
    const second = await submitted(world.again(), facts)
    expect(second.schedulerId).toBe(first.schedulerId)
    await reaches(world.scheduler, first, 'running')
    await world.scheduler.cancel(first, true)
    await reaches(world.scheduler, first, 'ended')
    expect(await world.livingCount()).toBe(0)
  })

  test('a refused allocation says why and leaves nothing to find', async () => {
    const world = await makeWorld()
    const facts = await world.refused()
    const answer = await world.scheduler.submit(facts)
    expect(answer).toMatchObject({ kind: 'refused', said: expect.stringMatching(/./) })
    expect(await world.scheduler.findByToken(facts)).toBeNull()
    expect(await world.livingCount()).toBe(0)
  })

  test('many allocations are polled in one query, each with its own answer', async () => {
    const world = await makeWorld()
    const facts = await Promise.all(Array.from({ length: 5 }, () => world.allocation()))
    const all = await Promise.all(facts.map((each) => submitted(world.scheduler, each)))
    for (const each of all) await reaches(world.scheduler, each, 'running')
    const [ended] = all
    if (ended === undefined) throw new Error('there are none')
    await world.finish(ended)
    await reaches(world.scheduler, ended, 'ended')
    const answers = await world.scheduler.poll(all)
    expect(all.map((each) => answers.get(each.id)?.state)).toEqual([
      'ended',
      ...Array.from({ length: 4 }, () => 'running'),
    ])
  })

  test('a cancelled allocation ends', async () => {
    const world = await makeWorld()
    const allocation = await submitted(world.scheduler, await world.allocation())
    await reaches(world.scheduler, allocation, 'running')
    await world.scheduler.cancel(allocation, false)
    await reaches(world.scheduler, allocation, 'ended')
    expect(await world.livingCount()).toBe(0)
  })

  test('a cancelled allocation ends although nobody polls it running first', async () => {
    const world = await makeWorld()
    const allocation = await submitted(world.scheduler, await world.allocation())
    await world.scheduler.cancel(allocation, true)
    await reaches(world.scheduler, allocation, 'ended')
    expect(await world.livingCount()).toBe(0)
  })

  test('to cancel what has ended changes nothing', async () => {
    const world = await makeWorld()
    const facts = await world.allocation()
    const allocation = await submitted(world.scheduler, facts)
    await reaches(world.scheduler, allocation, 'running')
    await world.finish(facts)
    await reaches(world.scheduler, allocation, 'ended')
    await world.scheduler.cancel(allocation, false)
    await world.scheduler.cancel(allocation, true)
    const answer = (await world.scheduler.poll([allocation])).get(allocation.id)
    expect(answer?.state).toBe('ended')
  })

  test('a daemon that starts again sees what another submitted, and can end it', async () => {
    const world = await makeWorld()
    const allocation = await submitted(world.scheduler, await world.allocation())
    await reaches(world.again(), allocation, 'running')
    await world.again().cancel(allocation, false)
    await reaches(world.again(), allocation, 'ended')
    expect(await world.livingCount()).toBe(0)
  })

  test('a poll of nothing asks nothing and answers nothing', async () => {
    const world = await makeWorld()
    expect((await world.scheduler.poll([])).size).toBe(0)
  })
}
