// The judge: sees what really happens on the nodes and what the client was told, and says which
// promise was broken. Knows nothing of daemon or launchers.
import type { Randomness } from '../../../protocol/ports.ts'
import type { Truth } from './node.ts'

/**
 * What may go wrong with a job and how long its task takes; fixed per job, so that reruns agree.
 */
export interface Fate {
  readonly code: number
  readonly ms: number
}

/** What a task does for its job, in the order in which that happens. */
export const kinds = ['stageIn', 'preprocess', 'run', 'handler', 'postprocess', 'stageOut'] as const

/** One of `kinds`. */
export type Kind = (typeof kinds)[number]

interface Alive {
  readonly token: number
  readonly node: string
  readonly kind: Kind
}

/** Collects the ground truth of one world. */
export class Judge implements Truth {
  readonly breaches: string[] = []
  readonly starts = new Map<number, number>()
  /** Called when an error or timeout handler begins: it may set its job's state. */
  onHandler: (jobId: number, token: number) => void = () => undefined
  private readonly alive = new Map<number, Alive>()
  /** What succeeded for each job, in order. */
  private readonly succeeded = new Map<number, Kind[]>()
  /** When jobs were started and may have finished first, in such events of the world so far. */
  private readonly startedAt = new Map<number, number[]>()
  private readonly finishedAt = new Map<number, number>()
  private happened = 0
  private readonly ranTokens = new Set<number>()
  private readonly fates = new Map<number, Fate>()
  readonly promises: { readonly tag: string; readonly first: number; readonly last: number }[] = []
  private readonly retries: (readonly [first: number, last: number])[] = []
  private readonly random: Randomness

  constructor(random: Randomness) {
    this.random = random
  }

  /** Notes a broken promise. */
  breach(what: string): void {
    this.breaches.push(what)
  }

  started(jobId: number, token: number, node: string, kind: Kind): void {
    this.happened += 1
    this.startedAt.set(jobId, [...(this.startedAt.get(jobId) ?? []), this.happened])
    // It may set its job's state to what it likes.
    if (kind === 'handler') this.mayHaveFinished(jobId)
    this.starts.set(jobId, (this.starts.get(jobId) ?? 0) + 1)
    const other = this.alive.get(jobId)
    if (other !== undefined) {
      this.breach(
        `job ${jobId} runs twice: token ${other.token} on ${other.node}, ${token} on ${node}`,
      )
    }
    if (this.ranTokens.has(token)) this.breach(`token ${token} of job ${jobId} was started twice`)
    const isOnce = kind !== 'handler' && !this.isRetried(jobId)
    if (isOnce && this.hasSucceeded(jobId, kind))
      this.breach(`the ${kind} of job ${jobId} runs again although its result is known`)
    this.ranTokens.add(token)
    this.alive.set(jobId, { token, node, kind })
    if (kind === 'handler') this.onHandler(jobId, token)
  }

  ended(jobId: number, token: number, exitCode: number): void {
    const one = this.alive.get(jobId)
    if (one?.token !== token) return
    this.alive.delete(jobId)
    if (exitCode === 0 && one.kind === 'run') this.mayHaveFinished(jobId)
    if (exitCode === 0) this.succeeded.set(jobId, [...this.successes(jobId), one.kind])
  }

  usedCpus(node: string, cpus: number, capacity: number): void {
    if (cpus > capacity + 1e-3) this.breach(`${node} runs ${cpus} cores of ${capacity}`)
  }

  usedSlots(node: string, slots: number, capacity: number): void {
    if (slots > capacity) this.breach(`${node} runs ${slots} steps in ${capacity} slots`)
  }

  fate(jobId: number, kind: Kind): Fate {
    // Steps of a job all have their own.
    const key = jobId * 10 + kinds.indexOf(kind)
    let fate = this.fates.get(key)
    if (fate === undefined) {
      const isQuick = this.random.next() < 0.4
      const code = this.random.next() < 0.15 ? 1 + Math.floor(this.random.next() * 3) : 0
      fate = { code, ms: this.random.next() * (isQuick ? 30 : 15_000) }
      this.fates.set(key, fate)
    }
    return fate
  }

  /** A user was told that jobs first..last have this tag. */
  promised(tag: string, first: number, last: number): void {
    this.promises.push({ tag, first, last })
  }

  /** A user asks for jobs first..last to run again; whether that is heard is another matter. */
  retried(first: number, last: number): void {
    this.retries.push([first, last])
  }

  /** True when a user asked for it once more: then everything may be done again. */
  isRetried(jobId: number): boolean {
    return this.retries.some(([first, last]) => first <= jobId && jobId <= last)
  }

  /** True when such a task of the job has ended with exit code 0. */
  hasSucceeded(jobId: number, kind: Kind): boolean {
    return this.successes(jobId).includes(kind)
  }

  /** What has ended with exit code 0, in order. */
  successes(jobId: number): readonly Kind[] {
    return this.succeeded.get(jobId) ?? []
  }

  /** Now, as `wasEarly` counts. */
  now(): number {
    return this.happened
  }

  /** True when a job was started since then, and before one it had to wait for had finished. */
  wasEarly(child: number, parent: number, since: number): boolean {
    const finished = this.finishedAt.get(parent) ?? Infinity
    return (this.startedAt.get(child) ?? []).some((start) => start > since && start < finished)
  }

  /** True when a task of the job was ever started. */
  hasStarted(jobId: number): boolean {
    return this.startedAt.has(jobId)
  }

  private mayHaveFinished(jobId: number): void {
    this.happened += 1
    if (!this.finishedAt.has(jobId)) this.finishedAt.set(jobId, this.happened)
  }
}
