// What a change of jobs comes to: new versions of specs, parts of arrays split off. Reads and
// computes ahead of the turn that decides it, in slices; nothing is decided here.
import { Fault, fault } from '../../protocol/faults.ts'
import type { JobId, JobRequest } from '../../protocol/job.ts'
import { limits } from '../../protocol/limits.ts'
import type { SpanShape, SpecRow } from '../store/rows.ts'
import type { Ranges } from '../store/store.ts'
import type { Core } from './core.ts'
import type { ChangedPart } from './records.ts'
import { shapeKey, shapeOf } from './shape.ts'
import type { ParsedSpec } from './spec-cache.ts'
import { fromStore } from './stored-json.ts'
import { specRow } from './submit.ts'

/** A job's request after the change; the same object where nothing changes. */
export type Edit = (request: JobRequest) => JobRequest

/** What is to be written and decided. */
export interface ChangePlan {
  readonly specs: ParsedSpec[]
  readonly parts: ChangedPart[]
  readonly shapes: SpanShape[]
}

/** Specs read and edited between two looks at the event loop. */
const slice = 200
/** Ranges asked for in one query. */
const rangesSlice = 1_000

/** Plans the change of all jobs in these ranges. A Fault names the job that can't be so. */
export async function planChange(core: Core, ranges: Ranges, edit: Edit): Promise<ChangePlan> {
  const plan = new Planning(edit)
  for (let at = 0; at < ranges.length; at += rangesSlice) {
    let left: Ranges = ranges.slice(at, at + rangesSlice)
    while (left.length > 0) {
      const specs = await core.store.specsIn(left, slice)
      for (const spec of specs) plan.add(spec, within(left, spec))
      const last = specs.length < slice ? Number.POSITIVE_INFINITY : (specs.at(-1)?.hi ?? 0)
      left = after(left, last)
      await new Promise<void>((resolve) => core.clock.soon(resolve))
    }
  }
  return plan
}

/** What of ascending ranges lies beyond an id. */
function after(ranges: Ranges, id: JobId): Ranges {
  return ranges.flatMap(([first, last]) =>
    last <= id ? [] : [[Math.max(first, id + 1), last] as const],
  )
}

function within(ranges: Ranges, { lo, hi }: SpecRow): Ranges {
  return ranges.flatMap(([first, last]) =>
    last < lo || first > hi ? [] : [[Math.max(first, lo), Math.min(last, hi)] as const],
  )
}

class Planning implements ChangePlan {
  readonly specs: ParsedSpec[] = []
  readonly parts: ChangedPart[] = []
  readonly shapes: SpanShape[] = []
  private readonly places = new Map<string, number>()
  private readonly edit: Edit

  constructor(edit: Edit) {
    this.edit = edit
  }

  /** One spec, of which these jobs are meant. */
  add(spec: SpecRow, meant: Ranges): void {
    const before = fromStore<JobRequest>(spec.body)
    const after = this.edited(before, spec.lo)
    if (after === before) return
    let next = spec.lo
    for (const [first, last] of meant) {
      if (next < first) this.put(spec, before, before, next, first - 1)
      this.put(spec, before, after, first, last)
      next = last + 1
    }
    if (next <= spec.hi) this.put(spec, before, before, next, spec.hi)
    if (this.specs.length <= limits.changedSpecsMax) return
    const count = this.specs.length
    throw fault('TOO_MANY', { what: 'different jobs changed', count, max: limits.changedSpecsMax })
  }

  private edited(request: JobRequest, id: JobId): JobRequest {
    try {
      return this.edit(request)
    } catch (error) {
      if (!(error instanceof Fault)) throw error
      throw new Fault(error.code, { ...error.facts, id })
    }
  }

  private put(
    spec: SpecRow,
    before: JobRequest,
    after: JobRequest,
    first: JobId,
    last: JobId,
  ): void {
    const { array } = before
    const index = array === null ? 0 : array.first + first - spec.lo
    const range = array === null ? null : { first: index, last: index + last - first }
    const request = { ...after, array: range }
    this.specs.push({ lo: first, hi: last, request })
    const [old, now] = [shapeOf(before), shapeOf(after)]
    this.note({
      first,
      last,
      spec: array === null ? null : first,
      shape: this.placeOf(now),
      ...(old.facts === now.facts ? {} : { factsBefore: old.facts }),
      ...(after === before ? { isBystander: true as const } : {}),
    })
  }

  /** Neighbours to which the same happens are one part, unless arrays keep them apart. */
  private note(part: ChangedPart): void {
    const last = this.parts.at(-1)
    const isNext =
      last !== undefined &&
      last.last + 1 === part.first &&
      last.spec === null &&
      part.spec === null &&
      last.shape === part.shape &&
      last.factsBefore === part.factsBefore
    if (isNext) this.parts[this.parts.length - 1] = { ...last, last: part.last }
    else this.parts.push(part)
  }

  private placeOf(shape: SpanShape): number {
    const key = shapeKey(shape)
    const known = this.places.get(key)
    if (known !== undefined) return known
    this.places.set(key, this.shapes.length)
    this.shapes.push(shape)
    return this.shapes.length - 1
  }
}

/** Writes the plan's specs down, ahead of the turn. Returns the number of the batch. */
export async function stageChange(core: Core, plan: ChangePlan): Promise<number> {
  const batch = core.counters.takeBatch()
  for (let at = 0; at < plan.specs.length; at += slice) {
    await core.store.stageChanges(batch, plan.specs.slice(at, at + slice).map(specRow))
  }
  return batch
}
