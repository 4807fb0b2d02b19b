// Work that may not overlap although it waits for the store in between: one after another, by name.
// Must never let one piece's failure stop the next.

/** The last piece of work of each name that goes on. */
export type Sequences = Map<string, Promise<unknown>>

/** Does the work once everything begun earlier under this name is over, however it ended. */
export async function inSequence<Result>(
  sequences: Sequences,
  name: string,
  work: () => Promise<Result>,
): Promise<Result> {
  const before = sequences.get(name) ?? Promise.resolve()
  const mine = before.then(work, work)
  sequences.set(name, mine)
  try {
    return await mine
  } finally {
    if (sequences.get(name) === mine) sequences.delete(name)
  }
}
