// Submissions: requests come in slices, large ones are laid down ahead in blocks of ids that exist
// only once the closing turn is durable. All of a submission or nothing of it.
import { fault } from '../../protocol/faults.ts'
import type {
  AppSpec,
  JobId,
  JobRequest,
  SubmissionReceipt,
  SubmittedRequest,
} from '../../protocol/job.ts'
import { limits } from '../../protocol/limits.ts'
import { hint } from '../../protocol/suggest.ts'
import type { SubmissionWriter } from '../links/door.ts'
import type { EdgeRow, SpecRow } from '../store/rows.ts'
import { type Core, decideIn } from './core.ts'
import type { EdgeSet, SpanSeed } from './records.ts'
import { type NamedFile, resolve } from './resolve.ts'
import { inSequence } from './sequence.ts'
import { spanSeeds } from './span-seeds.ts'
import type { ParsedSpec } from './spec-cache.ts'
import { fromStore } from './stored-json.ts'
import { hasToWait, SubmissionParents } from './submission-parents.ts'
import type { Turn } from './turn.ts'

/**
 * Specs laid down in one transaction: about 6 ms of the event loop. Fewer come with the closing
 * commit itself.
 */
const blockSpecsMax = 1_000

/** Edges written with the closing commit; more are laid down ahead, so many at a time. */
const edgesAtOnceMax = 2_000

interface Block {
  readonly lo: JobId
  readonly hi: JobId
}

/** Begins a submission with an optional idempotency key. */
export function beginSubmission(core: Core, key: string | null): SubmissionWriter {
  const parents = new SubmissionParents()
  const staged: LaidOut[] = []
  let waiting: Request[] = []
  let total = 0
  const earlierOf = key === null ? null : core.submissionKeys.look(key)

  const layOutWaiting = (): LaidOut => {
    const laid = layOut(core, waiting, parents)
    waiting = []
    return laid
  }
  const stage = async (laid: LaidOut): Promise<void> => {
    staged.push({ ...laid, specs: [] })
    await core.store.stage(laid.block, laid.specs.map(specRow))
  }

  // A submission names few files, and 100,000 times the same ones.
  const present = new Set<string>()
  const refuseMissing = async (files: readonly NamedFile[], index: number): Promise<void> => {
    for (const { field, file } of files) {
      if (present.has(file)) continue
      if (!(await core.isFile(file))) throw fault('FILE_MISSING', { field, file, index })
      present.add(file)
    }
  }

  const abandon = (): void => {
    waiting = []
    if (staged.length > 0) void core.store.unstage(staged.map(({ block }) => block.lo))
  }
  const submit = async (digest: string): Promise<SubmissionReceipt> => {
    let rest = waiting.length === 0 ? null : layOutWaiting()
    if (rest !== null && parents.count > edgesAtOnceMax) {
      await stage(rest)
      rest = null
    }
    const closing = { key, digest, rest, staged, total }
    if (parents.count === 0) return ask(core, (turn) => close(core, turn, closing, [], null))
    return submitWithParents(core, parents, closing)
  }

  return {
    async push(requests) {
      for (const [index, request] of requests.entries()) {
        const resolved = resolve(request, appOfRequest(core, request, index))
        if (resolved.files.length > 0) await refuseMissing(resolved.files, index)
        total += sizeOf(request)
        if (total > limits.submissionJobsMax) {
          throw fault('TOO_MANY', {
            what: 'jobs in one submission',
            count: total,
            max: limits.submissionJobsMax,
          })
        }
        const { request: whole } = resolved
        waiting.push({ request: parents.take(whole, index), waits: hasToWait(whole) })
      }
      if (waiting.length >= blockSpecsMax) await stage(layOutWaiting())
    },
    async finish(digest) {
      if (total === 0) throw fault('BAD_REQUEST', { what: 'the submission holds no job' })
      if (key === null || earlierOf === null) return submit(digest)
      // A client that heard nothing sends it again, maybe while the first is being written.
      return inSequence(core.sequences, `submission ${key}`, async () => {
        const earlier = await earlierOf()
        if (earlier === null) return submit(digest)
        abandon()
        if (earlier.digest !== digest) throw fault('KEY_REUSED', { key })
        return { ...fromStore<SubmissionReceipt>(earlier.receipt), isRepeat: true }
      })
    },
    abandon,
  }
}

/** A request as it is stored, and whether its jobs wait for parents. */
interface Request {
  readonly request: JobRequest
  readonly waits: boolean
}

interface LaidOut {
  readonly block: Block
  /** Empty once they are laid down. */
  readonly specs: readonly ParsedSpec[]
  readonly spans: readonly SpanSeed[]
}

interface Closing {
  readonly key: string | null
  readonly digest: string
  readonly rest: LaidOut | null
  readonly staged: readonly LaidOut[]
  readonly total: number
}

function ask<Answer>(core: Core, decision: (turn: Turn) => Answer): Promise<Answer> {
  return core.loop.ask('submit', (turn) => {
    if (core.isDraining) throw fault('DRAINING')
    return decision(turn)
  })
}

/** Looks again this often when parents end between the look and the decision. */
const parentRoundsMax = 100

async function submitWithParents(
  core: Core,
  parents: SubmissionParents,
  closing: Closing,
): Promise<SubmissionReceipt> {
  let resolved = await parents.resolve(core)
  let { rows } = resolved
  if (rows.length > edgesAtOnceMax) {
    for (let from = 0; from < rows.length; from += edgesAtOnceMax)
      await core.store.stageEdges(rows.slice(from, from + edgesAtOnceMax))
    rows = []
  }
  for (let round = 0; round < parentRoundsMax; round += 1) {
    const receipt = await ask(core, (turn) => {
      const edges = resolved.draft.close(core.site, resolved.states)
      return edges === null ? null : close(core, turn, closing, rows, edges)
    })
    if (receipt !== null) return receipt
    resolved = { ...(await parents.resolve(core)), rows }
  }
  throw fault('BAD_REQUEST', { what: 'the parents are ending just now; try again' })
}

/** The closing turn: the rest of the specs, the spans, the edges, the receipt. */
function close(
  core: Core,
  turn: Turn,
  { key, digest, rest, staged, total }: Closing,
  rows: readonly EdgeRow[],
  edges: EdgeSet | null,
): SubmissionReceipt {
  const seeds = staged.flatMap(({ spans }) => spans)
  const blocks = staged.map(({ block }) => block)
  for (const { lo } of blocks) turn.settledBlocks.push(lo)
  if (rest !== null) {
    for (const spec of rest.specs) {
      // Few enough to be launched soon; what was staged is read when its time comes.
      core.specs.put(spec)
      turn.specs.push(specRow(spec))
    }
    for (const span of rest.spans) seeds.push(span)
    blocks.push(rest.block)
  }
  for (const row of rows) turn.edges.push(row)
  decideIn(core, turn, edges === null ? ['submit', seeds] : ['submit', seeds, edges])
  core.counters.write(turn)
  const receipt: SubmissionReceipt = {
    schema: 'balsam.submission/1',
    ranges: mergeBlocks(blocks),
    total,
    isRepeat: false,
  }
  if (key !== null) {
    core.submissionKeys.changed()
    turn.submissions.push({ key, digest, receipt: JSON.stringify(receipt) })
  }
  return receipt
}

/** Gives ids to requests: specs as the store wants them, neighbours as spans. */
function layOut(core: Core, requests: readonly Request[], parents: SubmissionParents): LaidOut {
  const lo = core.counters.takeJobs(requests.reduce((sum, { request }) => sum + sizeOf(request), 0))
  let next = lo
  const specs: ParsedSpec[] = []
  const spans = spanSeeds()
  for (const { request, waits } of requests) {
    const spec = { lo: next, hi: next + sizeOf(request) - 1, request }
    parents.place(spec.lo, spec.hi)
    next = spec.hi + 1
    specs.push(spec)
    spans.add(spec, waits)
  }
  return { block: { lo, hi: next - 1 }, specs, spans: spans.all() }
}

/** A spec as the store wants it. */
export function specRow(spec: ParsedSpec): SpecRow {
  const { request } = spec
  return {
    lo: spec.lo,
    hi: spec.hi,
    workflow: request.workflow,
    name: request.name,
    arrayFirst: request.array?.first ?? null,
    app: request.application,
    body: JSON.stringify(request),
  }
}

function sizeOf(request: Pick<JobRequest, 'array'>): number {
  return request.array === null ? 1 : request.array.last - request.array.first + 1
}

/** The app of a request, if it names one. APP_UNKNOWN when there is none of that name. */
export function appOfRequest(
  core: Core,
  { application }: Pick<SubmittedRequest, 'application'>,
  index = 0,
): AppSpec | undefined {
  if (application === null) return undefined
  const known = core.site.apps.get(application)
  if (known !== undefined) return known
  throw fault('APP_UNKNOWN', {
    name: application,
    hint: hint(application, core.site.apps.keys()),
    index,
  })
}

function mergeBlocks(blocks: readonly Block[]): (readonly [JobId, JobId])[] {
  const ranges: [JobId, JobId][] = []
  for (const { lo, hi } of blocks) {
    const last = ranges.at(-1)
    if (last !== undefined && last[1] + 1 === lo) last[1] = hi
    else ranges.push([lo, hi])
  }
  return ranges
}
