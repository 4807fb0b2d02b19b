// What happens on the site, told to whoever listens: transitions of durable turns, neighbours in
// one. Must never keep anything while nobody listens, nor wait for a listener.
import type { SiteEvent } from '../../protocol/calls.ts'
import type { JobId } from '../../protocol/job.ts'
import { stateOf } from '../../protocol/states.ts'

/** Hears the events of each durable turn. */
export type FeedListener = (events: readonly SiteEvent[]) => void

interface Moved {
  readonly first: JobId
  last: JobId
  readonly workflow: string
  readonly from: number
  readonly to: number
}

/** The transitions of the turn under way, and those who want to hear of them. */
export class Feed {
  private readonly listeners = new Set<FeedListener>()
  private moves: Moved[] = []

  /** Tells this listener what happens from now on; returns what ends it. */
  listen(listener: FeedListener): () => void {
    this.listeners.add(listener)
    return () => {
      this.listeners.delete(listener)
    }
  }

  /** Takes note of a transition. From −1: they are new to the workflow; to −1: they left it. */
  moved(workflow: string, first: JobId, last: JobId, from: number, to: number): void {
    if (this.listeners.size === 0 || to < 0) return
    const before = this.moves.at(-1)
    const isNext =
      before !== undefined &&
      before.last + 1 === first &&
      before.workflow === workflow &&
      before.from === from &&
      before.to === to
    if (isNext) before.last = last
    else this.moves.push({ first, last, workflow, from, to })
  }

  /** After a durable turn: tells everybody. */
  afterTurn(): void {
    if (this.moves.length === 0) return
    const events = this.moves.map(
      ({ from, to, ...where }): SiteEvent => ({
        ...where,
        from: from < 0 ? null : stateOf(from),
        to: stateOf(to),
      }),
    )
    this.moves = []
    for (const listener of this.listeners) listener(events)
  }
}
