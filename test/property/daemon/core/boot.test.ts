// A restart at any moment gives the same site: rows and the rest of the journal together, wherever
// the tables stand behind it.
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { frameKind } from '../../../../protocol/frames.ts'
import type { JobFilter } from '../../../../protocol/job.ts'
import { exits, TestLauncher } from '../../../unit/daemon/core/launcher.ts'
import { array, request, startSite, type TestSite } from '../../../unit/daemon/core/site.ts'
import { memoryOf } from './memory.ts'

interface Submit {
  readonly kind: 'submit'
  readonly size: number
  readonly isArray: boolean
  readonly isFamily: boolean
  readonly retries: number
}

type Step =
  | Submit
  | { readonly kind: 'connect'; readonly node: number }
  | { readonly kind: 'cut'; readonly node: number }
  | { readonly kind: 'start' | 'return' | 'exit'; readonly node: number; readonly picks: number[] }
  | { readonly kind: 'kill' | 'remove' | 'retry'; readonly first: number; readonly size: number }
  | { readonly kind: 'depend'; readonly parent: number; readonly child: number }
  | { readonly kind: 'pass'; readonly ms: number }
  | { readonly kind: 'endAllocation' }
  | { readonly kind: 'restart' }

const node = fc.integer({ min: 0, max: 1 })
const picks = fc.array(fc.nat({ max: 7 }), { minLength: 1, maxLength: 4 })
const first = fc.integer({ min: 1, max: 30 })
const size = fc.integer({ min: 1, max: 8 })

function one<Kind extends string>(kind: Kind): { kind: fc.Arbitrary<Kind> } {
  return { kind: fc.constant(kind) }
}

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      ...one('submit'),
      size,
      isArray: fc.boolean(),
      isFamily: fc.boolean(),
      retries: fc.nat({ max: 1 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ ...one('connect'), node }) },
  { weight: 1, arbitrary: fc.record({ ...one('cut'), node }) },
  { weight: 3, arbitrary: fc.record({ ...one('start'), node, picks }) },
  { weight: 1, arbitrary: fc.record({ ...one('return'), node, picks }) },
  { weight: 4, arbitrary: fc.record({ ...one('exit'), node, picks }) },
  { weight: 2, arbitrary: fc.record({ ...one('kill'), first, size }) },
  { weight: 1, arbitrary: fc.record({ ...one('remove'), first, size }) },
  { weight: 1, arbitrary: fc.record({ ...one('retry'), first, size }) },
  { weight: 2, arbitrary: fc.record({ ...one('depend'), parent: first, child: first }) },
  { weight: 2, arbitrary: fc.record({ ...one('pass'), ms: fc.constantFrom(1, 10, 49, 60) }) },
  { weight: 1, arbitrary: fc.record(one('endAllocation')) },
  { weight: 2, arbitrary: fc.record(one('restart')) },
)

/** A site with launchers that may be connected, on the latest allocation. */
class Bench {
  readonly site: TestSite
  allocation: number
  /** The site in memory before and after each restart. */
  readonly restarts: { before: object; after: object }[] = []
  private readonly launchers = new Map<number, TestLauncher>()

  constructor(site: TestSite, allocation: number) {
    this.site = site
    this.allocation = allocation
  }

  async take(step: Step): Promise<void> {
    const { site } = this
    switch (step.kind) {
      case 'submit':
        await site.submit(requestsOf(step))
        break
      case 'connect':
        await this.connect(step.node)
        break
      case 'cut':
        await this.launchers.get(step.node)?.cut()
        this.launchers.delete(step.node)
        break
      case 'start':
      case 'return':
      case 'exit':
        this.report(step)
        break
      case 'kill':
      case 'remove':
      case 'retry':
      case 'depend':
        await this.decide(step)
        break
      case 'pass':
        await site.pass(step.ms)
        break
      case 'endAllocation':
        await this.renew()
        break
      case 'restart':
        await this.restart()
    }
    await this.durable()
  }

  /** A new daemon makes the site of what is on the disk, and goes on with that. */
  async restart(): Promise<void> {
    await this.durable()
    const before = memoryOf(this.site.core.site)
    await this.site.start()
    this.restarts.push({ before, after: memoryOf(this.site.core.site) })
    this.launchers.clear()
    await this.durable()
  }

  /** Everything decided so far is in the journal; the tables may be behind. */
  private durable(): Promise<unknown> {
    return this.site.run(this.site.core.loop.ask('durable', () => null))
  }

  private async connect(node: number): Promise<void> {
    const held = [...this.site.core.site.leases.values()]
      .filter((job) => this.site.core.site.launchers.get(job.launcher)?.facts.nodeIndex === node)
      .map(({ token }) => token)
    const launcher = new TestLauncher(this.site)
    await launcher.hello(this.allocation, { nodeIndex: node, held, incarnation: `i${node}` })
    this.launchers.set(node, launcher)
  }

  private report(step: Step & { readonly kind: 'start' | 'return' | 'exit' }): void {
    const launcher = this.launchers.get(step.node)
    const leases = [...this.site.core.site.leases.keys()]
    const tokens = [...new Set(step.picks.flatMap((pick) => leases[pick] ?? []))]
    if (launcher === undefined || tokens.length === 0) return
    if (step.kind === 'start') launcher.say([frameKind.started, tokens.flatMap((one) => [one, 5])])
    else if (step.kind === 'return') launcher.say([frameKind.returned, tokens])
    else {
      const code = (step.picks[0] ?? 0) % 2
      launcher.say([frameKind.exited, 1, exits(code, tokens), []])
    }
  }

  private async decide(
    step: Step & { readonly kind: 'kill' | 'remove' | 'retry' | 'depend' },
  ): Promise<void> {
    // Nothing matched, or one of them runs: also an answer.
    await this.site.run(this.ask(step)).catch(() => undefined)
  }

  private async ask(
    step: Step & { readonly kind: 'kill' | 'remove' | 'retry' | 'depend' },
  ): Promise<unknown> {
    const { door } = this.site
    if (step.kind === 'depend') return door.addDependencies({ edges: [[step.parent, step.child]] })
    const filter: JobFilter = { ranges: [[step.first, step.first + step.size - 1]] }
    if (step.kind === 'kill') return door.kill(filter, 100)
    return step.kind === 'retry' ? door.retry({ filter }) : door.remove(filter, false)
  }

  /** The allocation ends with all that it ran, and another one is there. */
  private async renew(): Promise<void> {
    this.site.scheduler.ended.add(this.allocation)
    await this.site.pass(2_500)
    this.launchers.clear()
    this.allocation = await this.site.allocate({ nodes: 2 })
  }
}

function requestsOf(step: Submit): Parameters<TestSite['submit']>[0] {
  const { isFamily, size } = step
  const parts = { maxRetries: step.retries, workflow: step.retries === 0 ? 'w' : 'v' }
  if (step.isArray) {
    const parent = request({ ...parts, key: 'one' })
    return isFamily ? [parent, array(size, { ...parts, parents: ['one'] })] : [array(size, parts)]
  }
  return Array.from({ length: size }, (_, n) => {
    // Two of three wait, for one or two others.
    const parents = n % 3 === 0 ? [] : [...new Set([`k${n - 1}`, `k${Math.floor(n / 2)}`])]
    const family = isFamily
      ? { key: `k${n}`, parents: parents.filter((key) => key !== `k${n}`) }
      : {}
    return request({ ...parts, priority: n % 3, ...family })
  })
}

test('a site that is booted from the store is the site that was in memory', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 5, maxLength: 40, size: 'max' }),
      async (steps) => {
        const site = await startSite()
        const bench = new Bench(site, await site.allocate({ nodes: 2 }))
        for (const step of steps) await bench.take(step)
        await bench.restart()
        for (const { before, after } of bench.restarts) expect(after).toEqual(before)
        const { breaches } = await site.run(site.door.check())
        expect(breaches).toEqual([])
        expect(site.deaths).toEqual([])
        site.disk.close()
      },
    ),
    { numRuns: 300 },
  )
})
