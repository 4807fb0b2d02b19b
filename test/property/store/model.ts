// Jobs of the model, and what their requests say, made by chance.
// Must never depend on how the store keeps them.
import * as fc from 'fast-check'
import type { JobData } from '../../../protocol/job.ts'
import type { JobState } from '../../../protocol/states.ts'

/** What a request says beside its name: part of a JobRequest. */
export interface ModelBody {
  readonly description: string
  readonly priority: number
  readonly postErrorHandler?: boolean
  readonly inputFiles?: readonly string[]
  readonly resources: { readonly cpus: number | null; readonly numNodes?: number }
  readonly tags?: Readonly<Record<string, string>>
  readonly data?: JobData
}

/** One job of the model. */
export interface ModelJob {
  readonly id: number
  readonly name: string
  readonly workflow: string
  readonly app: string | null
  readonly state: JobState
  readonly body: ModelBody
  /** True when something happened to it alone. */
  readonly isRow: boolean
  readonly isRemoved: boolean
}

const scalars = [1, 2, -3, 2.5, '1', 'one', 'One two', true, false, null]
/** Values of every type, so that questions of one meet answers of another. */
export const jsonValues: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...scalars) },
  fc.constantFrom<unknown>([], [1, 'one'], [[1]], { x: 1 }, { x: 'one', y: { z: true } }),
)

/** Drops keys without a value: an absent field is not null. */
function present<Value>(value: Record<string, Value | undefined>): Record<string, Value> {
  const kept: Record<string, Value> = {}
  for (const [key, each] of Object.entries(value)) if (each !== undefined) kept[key] = each
  return kept
}

const maybe = <Value>(each: fc.Arbitrary<Value>): fc.Arbitrary<Value | undefined> =>
  fc.option(each, { nil: undefined })

const tags = fc
  .record({ exp: maybe(fc.constantFrom('foo', 'Foo', 'bar')), 'a.b': maybe(fc.constant('1')) })
  .map(present)

const data = fc
  .record({
    r: maybe(jsonValues),
    '0': maybe(jsonValues),
    list: maybe(fc.array(jsonValues, { maxLength: 3 })),
    deep: maybe(fc.record({ e: jsonValues })),
  })
  .map(present)

// What is said is JSON, as it comes over the wire.
/** What requests say. */
export const bodies: fc.Arbitrary<ModelBody> = fc
  .record({
    description: fc.constantFrom('', 'one two', 'ÄRA'),
    priority: fc.constantFrom(0, 1, 10),
    postErrorHandler: maybe(fc.boolean()),
    inputFiles: maybe(fc.constantFrom(['*.in'], ['a', 'b'])),
    resources: fc.record({
      cpus: fc.constantFrom(null, 1, 4),
      numNodes: maybe(fc.constantFrom(2, 3)),
    }),
    tags: maybe(tags),
    data: maybe(data),
  })
  .map((each): ModelBody => JSON.parse(JSON.stringify(each)) as ModelBody)
