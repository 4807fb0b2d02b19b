// Random families for the campaigns: requests with parents by key, and what was promised of them.
// Must draw the same requests from the same random numbers.
import type { JobRequest, SubmissionReceipt } from '../../../protocol/job.ts'
import type { Randomness } from '../../../protocol/ports.ts'

/** A parent that the child was promised to wait for, from then on (as the judge counts). */
export interface Edge {
  readonly parent: number
  readonly child: number
  readonly since: number
}

/** The same requests, some of them after others of the submission, or after existing jobs. */
export function withParents(
  requests: readonly JobRequest[],
  existing: readonly number[],
  random: Randomness,
): JobRequest[] {
  const isFamily = random.next() < 0.7
  const pick = <Item>(items: readonly Item[]): Item | undefined =>
    items[Math.floor(random.next() * items.length)]
  // Whoever comes later in this order waits for earlier ones; in the submission they are anywhere.
  const order = requests.map(() => random.next())
  return requests.map((request, index) => {
    const parents: (string | number)[] = []
    const elders = requests.flatMap((_, other) =>
      (order[other] ?? 0) < (order[index] ?? 0) ? [`k${other}`] : [],
    )
    const wanted = isFamily ? Math.floor(random.next() * 3) : 0
    for (let count = 0; count < wanted; count += 1) {
      const parent = random.next() < 0.2 ? pick(existing) : pick(elders)
      if (parent !== undefined) parents.push(parent)
    }
    return isFamily ? { ...request, key: `k${index}`, parents } : request
  })
}

/** The edges of requests that were accepted. */
export function edgesOf(requests: readonly JobRequest[], { ranges }: SubmissionReceipt): Edge[] {
  const ids = ranges.flatMap(([first, last]) =>
    Array.from({ length: last - first + 1 }, (_, index) => first + index),
  )
  const jobsOf: number[][] = []
  let next = 0
  for (const { array } of requests) {
    const size = array === null ? 1 : array.last - array.first + 1
    jobsOf.push(ids.slice(next, next + size))
    next += size
  }
  return requests.flatMap(({ parents = [] }, index) =>
    parents.flatMap((ref) => {
      const elders = typeof ref === 'number' ? [ref] : (jobsOf[Number(ref.slice(1))] ?? [])
      return elders.flatMap((parent) =>
        (jobsOf[index] ?? []).map((child): Edge => ({ parent, child, since: 0 })),
      )
    }),
  )
}
