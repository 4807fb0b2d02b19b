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

/** Collects the ground truth of one world. */
export class Judge implements Truth {
  readonly breaches: string[] = []
  readonly starts = new Map<number, number>()
  private readonly alive = new Map<number, { readonly token: number; readonly node: string }>()
  private readonly succeeded = new Set<number>()
  private readonly ranTokens = new Set<number>()
  private readonly fates = new Map<number, Fate>()
  readonly promises: { readonly tag: string; readonly first: number; readonly last: number }[] = []
  private readonly random: Randomness

  constructor(random: Randomness) {
    this.random = random
  }

  /** Notes a broken promise. */
  breach(what: string): void {
    this.breaches.push(what)
  }

  started(jobId: number, token: number, node: string): void {
    this.starts.set(jobId, (this.starts.get(jobId) ?? 0) + 1)
    const other = this.alive.get(jobId)
    if (other !== undefined) {
      this.breach(
        `job ${jobId} runs twice: token ${other.token} on ${other.node}, ${token} on ${node}`,
      )
    }
    if (this.ranTokens.has(token)) this.breach(`token ${token} of job ${jobId} was started twice`)
    if (this.succeeded.has(jobId))
      this.breach(`job ${jobId} runs again although its result is known`)
    this.ranTokens.add(token)
    this.alive.set(jobId, { token, node })
  }

  ended(jobId: number, token: number, exitCode: number): void {
    if (this.alive.get(jobId)?.token === token) this.alive.delete(jobId)
    if (exitCode === 0) this.succeeded.add(jobId)
  }

  usedCpus(node: string, cpus: number, capacity: number): void {
    if (cpus > capacity + 1e-3) this.breach(`${node} runs ${cpus} cores of ${capacity}`)
  }

  fate(jobId: number): Fate {
    let fate = this.fates.get(jobId)
    if (fate === undefined) {
      const isQuick = this.random.next() < 0.4
      const code = this.random.next() < 0.15 ? 1 + Math.floor(this.random.next() * 3) : 0
      fate = { code, ms: this.random.next() * (isQuick ? 30 : 15_000) }
      this.fates.set(jobId, fate)
    }
    return fate
  }

  /** A user was told that jobs first..last have this tag. */
  promised(tag: string, first: number, last: number): void {
    this.promises.push({ tag, first, last })
  }

  /** True when a task of the job has ended with exit code 0. */
  hasSucceeded(jobId: number): boolean {
    return this.succeeded.has(jobId)
  }
}
