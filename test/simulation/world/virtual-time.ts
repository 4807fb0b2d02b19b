// Virtual time: events in order of their time, nothing in between. Each process has a clock of its
// own that stops hearing when the process dies.
import type { Clock, Randomness } from '../../../protocol/ports.ts'

interface Event {
  readonly atMs: number
  readonly order: number
  call(): void
}

/** Milliseconds since 1970 at which every simulation begins. */
const epochMs = Date.UTC(2026, 0, 1)

/** The one time line of a simulated world. */
export class TimeLine {
  nowMs = 0
  private heap: Event[] = []
  private made = 0

  /** Calls at `ms` from now. */
  schedule(ms: number, call: () => void): void {
    this.made += 1
    this.push({ atMs: this.nowMs + Math.max(0, ms), order: this.made, call })
  }

  /** Runs the next event; false when there is none. */
  step(): boolean {
    const event = this.pop()
    if (event === undefined) return false
    this.nowMs = event.atMs
    event.call()
    return true
  }

  private push(event: Event): void {
    const { heap } = this
    let index = heap.length
    heap.push(event)
    while (index > 0) {
      const parent = (index - 1) >> 1
      const above = heap[parent]
      if (above === undefined || isBefore(above, event)) break
      heap[index] = above
      index = parent
    }
    heap[index] = event
  }

  private pop(): Event | undefined {
    const { heap } = this
    const [first] = heap
    const last = heap.pop()
    if (first === undefined || last === undefined || heap.length === 0) return first
    let index = 0
    for (;;) {
      let child = 2 * index + 1
      const left = heap[child]
      if (left === undefined) break
      const right = heap[child + 1]
      const least = right !== undefined && isBefore(right, left) ? right : left
      if (least === right) child += 1
      if (isBefore(last, least)) break
      heap[index] = least
      index = child
    }
    heap[index] = last
    return first
  }
}

function isBefore(one: Event, other: Event): boolean {
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order)
}

/** A process that may die: then nothing that it set in motion is heard any more. */
export interface Life {
  isOver: boolean
  /** Until when (virtual ms) it is stopped: what happens to it meanwhile waits. */
  frozenUntilMs: number
}

/** A process that has just begun. */
export function newLife(): Life {
  return { isOver: false, frozenUntilMs: 0 }
}

/** The clock of one process; `skewMs` is how wrong its wall time is. */
export function clockOf(time: TimeLine, life: Life, skewMs = 0): Clock {
  const whenAwake = (call: () => void): void => {
    if (life.isOver) return
    if (life.frozenUntilMs > time.nowMs)
      time.schedule(life.frozenUntilMs - time.nowMs, () => whenAwake(call))
    else call()
  }
  return {
    wallMs: () => epochMs + Math.floor(time.nowMs) + skewMs,
    monotonicMs: () => time.nowMs,
    after(ms, call) {
      let isCancelled = false
      time.schedule(ms, () => {
        whenAwake(() => {
          if (!isCancelled) call()
        })
      })
      return {
        cancel: () => {
          isCancelled = true
        },
      }
    },
    soon(call) {
      time.schedule(0, () => whenAwake(call))
    },
  }
}

/** Chance from a seed (mulberry32): equal seeds, equal worlds. */
export function seeded(seed: number): Randomness {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  return {
    next,
    hex: (bytes) =>
      Array.from({ length: bytes }, () =>
        Math.floor(next() * 256)
          .toString(16)
          .padStart(2, '0'),
      ).join(''),
  }
}
