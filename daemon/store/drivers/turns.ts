// A queue of one: asynchronous pieces of work that must not overlap.
// Must never let one piece's failure stop the next.

/** Runs each piece when the earlier ones are done; resolves with its own result. */
export type Turns = <T>(work: () => Promise<T>) => Promise<T>

/** A new queue. */
export function turns(): Turns {
  let last: Promise<unknown> = Promise.resolve()
  return (work) => {
    const result = last.then(work)
    last = result.catch(() => undefined)
    return result
  }
}
