// Copies the WAL back into the database beside the writer, so that no commit waits for it.
// Must never hide a failed sync: the writer hears of it before it writes again.
import { Fault } from '../../../protocol/faults.ts'

/** SQL sent between two checkpoints; a page or two per transaction come on top. */
const bytesBetween = 2 * 1024 * 1024
const bytesPerTransaction = 8 * 1024

/** Counts what is written and starts checkpoints. */
export interface Checkpoints {
  /** Called after each transaction. */
  written(bytes: number): void
  /** Throws what a checkpoint failed with. A full disk is no failure: the WAL just stays. */
  throwFailure(): void
}

/** Makes the counter; `run` copies back what it can without waiting for anybody. */
export function checkpoints(run: () => Promise<void>): Checkpoints {
  let bytes = 0
  let isRunning = false
  let failure: Error | null = null

  async function start(): Promise<void> {
    isRunning = true
    bytes = 0
    try {
      await run()
    } catch (error) {
      const isRefusal = error instanceof Fault && error.code === 'STORAGE_REFUSED'
      if (!isRefusal) failure ??= error instanceof Error ? error : new Error(String(error))
    } finally {
      isRunning = false
    }
  }
  return {
    written: (more) => {
      bytes += more + bytesPerTransaction
      if (bytes >= bytesBetween && !isRunning) void start()
    },
    throwFailure: () => {
      if (failure !== null) throw failure
    },
  }
}
