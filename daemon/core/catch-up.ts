// Keeps the derived tables close behind the journal: what changed is written in one transaction
// when enough has changed or enough time has passed,
// so that a job which starts and ends in between costs one row.
import { Fault } from '../../protocol/faults.ts'
import { limits } from '../../protocol/limits.ts'
import type { Clock, Log, Timer } from '../../protocol/ports.ts'
import type { CatchUp } from '../store/rows.ts'
import { rowOf } from './open-job.ts'
import type { Site } from './site.ts'

/** What it needs. */
export interface CatchUpParts {
  readonly clock: Clock
  readonly log: Log
  readonly site: Site
  write(rows: CatchUp): Promise<void>
  /** Asks for a turn, after which `afterTurn` is called: rows may only be taken between turns. */
  requestTurn(): void
  readonly die: (error: unknown) => void
}

/** The writer of derived rows. */
export interface CatchUpWriter {
  /** Called after each turn with the last durable sequence number. */
  afterTurn(seq: number): void
  /** Writes what is behind now and resolves when the tables show turn `seq`. */
  flush(seq: number): Promise<void>
}

const retryMs = 1_000

/**
 * Makes the writer; the site must be at the state of the last durable turn whenever it is called.
 */
export function makeCatchUpWriter(parts: CatchUpParts): CatchUpWriter {
  const { clock, site } = parts
  let writtenSeq = -1
  let timer: Timer | null = null
  let isDue = false
  let inFlight: Promise<void> = Promise.resolve()

  const write = async (rows: CatchUp): Promise<void> => {
    for (;;) {
      try {
        await parts.write(rows)
        return
      } catch (error) {
        if (!(error instanceof Fault) || error.code !== 'STORAGE_REFUSED') throw error
        parts.log.warn('the database refused to catch up; trying again', { said: error.message })
        await new Promise<void>((resolve) => clock.after(retryMs, resolve))
      }
    }
  }

  const flushNow = (seq: number): Promise<void> => {
    timer?.cancel()
    timer = null
    isDue = false
    if (seq === writtenSeq) return inFlight
    writtenSeq = seq
    const rows = takeRows(site, seq)
    inFlight = inFlight.then(() => write(rows))
    inFlight.catch(parts.die)
    return inFlight
  }

  return {
    afterTurn(seq) {
      if (seq === writtenSeq) return
      if (isDue || site.changed.length >= limits.catchUpChunkJobs) {
        void flushNow(seq)
      } else if (timer === null) {
        timer = clock.after(limits.catchUpMsMax, () => {
          isDue = true
          parts.requestTurn()
        })
      }
    },
    flush: flushNow,
  }
}

function takeRows(site: Site, seq: number): CatchUp {
  const spans = site.spans.takeChanges()
  const removed = new Set(site.removedJobs)
  const jobs = []
  for (const job of site.changed) {
    job.isChanged = false
    if (!removed.has(job.id)) jobs.push(rowOf(job))
  }
  const rows: CatchUp = {
    seq,
    jobs,
    removedJobs: site.removedJobs,
    removedSpans: spans.removed,
    spans: spans.rows,
    notes: site.notes,
    removedSpecs: site.removedSpecs,
    edges: site.newEdges,
    removedRanges: site.removedRanges,
    tallies: site.tallies.takeChanges(),
  }
  site.changed = []
  site.removedJobs = []
  site.notes = []
  site.removedSpecs = []
  site.newEdges = []
  site.removedRanges = []
  return rows
}
