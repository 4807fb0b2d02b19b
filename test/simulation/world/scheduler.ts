// The batch scheduler of the simulation: grants nodes, ends allocations, loses answers. It owns the
// truth of which allocation lives.
import type {
  AllocationFacts,
  AllocationServices,
  KnownAllocation,
  PollAnswer,
} from '../../../daemon/core/allocation-services.ts'
import { exitStride } from '../../../protocol/frames.ts'
import type { Randomness } from '../../../protocol/ports.ts'
import type { JournaledExit, SimNode } from './node.ts'
import type { TimeLine } from './virtual-time.ts'

/** An allocation as the scheduler has it. */
export interface SimAllocation {
  readonly facts: AllocationFacts
  readonly nodes: readonly SimNode[]
  isOver: boolean
}

/** What the scheduler needs of its world. */
export interface SchedulerWorld {
  readonly time: TimeLine
  readonly random: Randomness
  /** Chance that an answer is lost although the request was heard. */
  lostAnswerChance: number
  makeNodes(facts: AllocationFacts): SimNode[]
  /** The nodes are up: launchers are started on them. */
  launch(allocation: SimAllocation): void
}

/** A scheduler with any number of free nodes. */
export class SimScheduler {
  readonly byToken = new Map<string, SimAllocation>()
  private readonly world: SchedulerWorld

  constructor(world: SchedulerWorld) {
    this.world = world
  }

  /** Allocations that live. */
  living(): SimAllocation[] {
    return [...this.byToken.values()].filter((one) => !one.isOver)
  }

  /** Ends an allocation without warning: all its nodes die. */
  end(allocation: SimAllocation): void {
    if (allocation.isOver) return
    allocation.isOver = true
    for (const node of allocation.nodes) node.die()
  }

  /** The services of one daemon process; answers to a dead one are never heard. */
  services(isOver: () => boolean): AllocationServices {
    const answer = <Value>(make: () => Value): Promise<Value> =>
      new Promise((resolve) => {
        this.world.time.schedule(this.world.random.next() * 200, () => {
          const value = make()
          this.world.time.schedule(this.world.random.next() * 50, () => {
            if (!isOver()) resolve(value)
          })
        })
      })
    const isLost = (): boolean => this.world.random.next() < this.world.lostAnswerChance
    return {
      prepareRun: () => answer(() => undefined),
      submit: (facts) =>
        answer(() => {
          this.accept(facts)
          return isLost()
            ? { kind: 'unknown', why: 'time-out' }
            : { kind: 'accepted', schedulerId: facts.token }
        }),
      find: (facts) =>
        answer(() => {
          if (isLost()) return undefined
          return this.byToken.has(facts.token) ? facts.token : null
        }),
      poll: (allocations) => answer(() => (isLost() ? new Map() : this.poll(allocations))),
      cancel: (allocation) =>
        answer(() => {
          const found = this.byToken.get(allocation.token)
          if (found !== undefined) this.end(found)
        }),
      readExits: (runDirectory) => answer(() => this.exits(runDirectory)),
      forget: () => undefined,
    }
  }

  private accept(facts: AllocationFacts): void {
    if (this.byToken.has(facts.token)) return
    const allocation = { facts, nodes: this.world.makeNodes(facts), isOver: false }
    this.byToken.set(facts.token, allocation)
    this.world.time.schedule(this.world.random.next() * 1_000, () => {
      if (!allocation.isOver) this.world.launch(allocation)
    })
  }

  private poll(allocations: readonly KnownAllocation[]): ReadonlyMap<number, PollAnswer> {
    return new Map(
      allocations.map((known) => {
        const found = this.byToken.get(known.token)
        const state = found === undefined ? 'unknown' : found.isOver ? 'ended' : 'running'
        return [known.id, { state, evidence: 'the simulated scheduler says so' }]
      }),
    )
  }

  private exits(runDirectory: string): { flat: number[]; reasons: (readonly [number, string])[] } {
    const flat: number[] = []
    const reasons: [number, string][] = []
    for (const allocation of this.byToken.values()) {
      if (allocation.facts.runDirectory !== runDirectory) continue
      for (const node of allocation.nodes)
        for (const exit of node.journaled()) {
          flat.push(...numbersOf(exit))
          if (exit.reason !== null) reasons.push([exit.token, exit.reason])
        }
    }
    return { flat, reasons }
  }
}

function numbersOf(exit: JournaledExit): number[] {
  const numbers = [
    exit.token,
    exit.code,
    exit.signal,
    exit.startedAtMs,
    exit.wallMs,
    1,
    1,
    1_000,
    0,
  ]
  if (numbers.length !== exitStride) throw new Error('an exit has another number of numbers')
  return numbers
}
