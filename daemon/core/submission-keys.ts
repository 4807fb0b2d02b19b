// Idempotency keys: whether a submission under this key was accepted before. Looked up while the
// submission is still coming in, so that its turn need not wait for a read.
// Must never take an answer for right that is older than the latest accepted key.
import type { SubmissionRow } from '../store/rows.ts'

/** The accepted submission of a key, as it is when this is called; null when there is none. */
export type Earlier = () => Promise<SubmissionRow | null>

/** The keys of a site. */
export class SubmissionKeys {
  private accepted = 0
  private readonly read: (key: string) => Promise<SubmissionRow | null>

  constructor(read: (key: string) => Promise<SubmissionRow | null>) {
    this.read = read
  }

  /** Begins to look. */
  look(key: string): Earlier {
    const { accepted } = this
    const found = this.read(key)
    // Told to whoever asks; a submission that is given up asks no more.
    found.catch(() => undefined)
    return () => (accepted === this.accepted ? found : this.read(key))
  }

  /** A submission with a key was decided: what was read before may be out of date. */
  changed(): void {
    this.accepted += 1
  }
}
