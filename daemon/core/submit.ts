// Submissions: requests come in slices, large ones are laid down ahead in blocks of ids that exist
// only once the closing turn is durable. All of a submission or nothing of it.
import { fault } from '../../protocol/faults.ts'
import type { JobId, JobRequest, SubmissionReceipt } from '../../protocol/job.ts'
import { limits } from '../../protocol/limits.ts'
import { hint } from '../../protocol/suggest.ts'
import type { SubmissionWriter } from '../links/door.ts'
import type { SpecRow } from '../store/rows.ts'
import { type Core, decideIn } from './core.ts'
import type { SpanSeed } from './records.ts'
import { inSequence } from './sequence.ts'
import { spanSeeds } from './span-seeds.ts'
import type { ParsedSpec } from './spec-cache.ts'
import { fromStore } from './stored-json.ts'
import type { Turn } from './turn.ts'

/**
 * Specs laid down in one transaction: about 6 ms of the event loop. Fewer come with the closing
 * commit itself.
 */
const blockSpecsMax = 1_000

interface Block {
  readonly lo: JobId
  readonly hi: JobId
}

/** Begins a submission with an optional idempotency key. */
export function beginSubmission(core: Core, key: string | null): SubmissionWriter {
  const seeds: SpanSeed[] = []
  const blocks: Block[] = []
  let waiting: JobRequest[] = []
  let total = 0
  const earlierOf = key === null ? null : core.submissionKeys.look(key)

  const stageWaiting = async (): Promise<void> => {
    const { block, specs, spans } = layOut(core, waiting)
    waiting = []
    blocks.push(block)
    seeds.push(...spans)
    await core.store.stage(block, specs.map(specRow))
  }

  const abandon = (): void => {
    waiting = []
    if (blocks.length > 0) void core.store.unstage(blocks.map((block) => block.lo))
  }

  return {
    async push(requests) {
      for (const [index, request] of requests.entries()) {
        refuseUnknownApp(core, request, index)
        total += sizeOf(request)
        if (total > limits.submissionJobsMax) {
          throw fault('TOO_MANY', {
            what: 'jobs in one submission',
            count: total,
            max: limits.submissionJobsMax,
          })
        }
        waiting.push(request)
      }
      if (waiting.length >= blockSpecsMax) await stageWaiting()
    },
    async finish(digest) {
      if (total === 0) throw fault('BAD_REQUEST', { what: 'the submission holds no job' })
      const submit = (): Promise<SubmissionReceipt> =>
        core.loop.ask('submit', (turn) => {
          if (core.isDraining) throw fault('DRAINING')
          return close(core, turn, { key, digest, waiting, blocks, seeds, total })
        })
      if (key === null || earlierOf === null) return submit()
      // A client that heard nothing sends it again, maybe while the first is being written.
      return inSequence(core.sequences, `submission ${key}`, async () => {
        const earlier = await earlierOf()
        if (earlier === null) return submit()
        abandon()
        if (earlier.digest !== digest) throw fault('KEY_REUSED', { key })
        return { ...fromStore<SubmissionReceipt>(earlier.receipt), isRepeat: true }
      })
    },
    abandon,
  }
}

interface Closing {
  readonly key: string | null
  readonly digest: string
  readonly waiting: readonly JobRequest[]
  readonly blocks: Block[]
  readonly seeds: SpanSeed[]
  readonly total: number
}

/** The closing turn: the rest of the specs, the spans, the receipt. */
function close(core: Core, turn: Turn, closing: Closing): SubmissionReceipt {
  const blocks = [...closing.blocks]
  turn.settledBlocks.push(...blocks.map((block) => block.lo))
  const seeds = [...closing.seeds]
  if (closing.waiting.length > 0) {
    const { block, specs, spans } = layOut(core, closing.waiting)
    for (const spec of specs) {
      // Few enough to be launched soon; what was staged is read when its time comes.
      core.specs.put(spec)
      turn.specs.push(specRow(spec))
    }
    for (const span of spans) seeds.push(span)
    blocks.push(block)
  }
  decideIn(core, turn, ['submit', seeds])
  core.counters.write(turn)
  const receipt: SubmissionReceipt = {
    schema: 'balsam.submission/1',
    ranges: mergeBlocks(blocks),
    total: closing.total,
    isRepeat: false,
  }
  if (closing.key !== null) {
    core.submissionKeys.changed()
    turn.submissions.push({
      key: closing.key,
      digest: closing.digest,
      receipt: JSON.stringify(receipt),
    })
  }
  return receipt
}

/** Gives ids to requests: specs as the store wants them, neighbours as spans. */
function layOut(
  core: Core,
  requests: readonly JobRequest[],
): { block: Block; specs: ParsedSpec[]; spans: readonly SpanSeed[] } {
  const lo = core.counters.takeJobs(requests.reduce((sum, request) => sum + sizeOf(request), 0))
  let next = lo
  const specs: ParsedSpec[] = []
  const spans = spanSeeds()
  for (const request of requests) {
    const spec = { lo: next, hi: next + sizeOf(request) - 1, request }
    next = spec.hi + 1
    specs.push(spec)
    spans.add(spec)
  }
  return { block: { lo, hi: next - 1 }, specs, spans: spans.all() }
}

function specRow(spec: ParsedSpec): SpecRow {
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

function sizeOf(request: JobRequest): number {
  return request.array === null ? 1 : request.array.last - request.array.first + 1
}

function refuseUnknownApp(core: Core, request: JobRequest, index: number): void {
  const { application } = request
  if (application === null || core.site.apps.has(application)) return
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
