// The journals of ended spawners that still hold exits which are durable nowhere else.
// Must remove a journal only when every exit in it has been acknowledged and nobody reads it.
import { rmSync } from 'node:fs'
import { controlFile, olderFile } from '../journal.ts'
import type { Acknowledgements } from './acknowledgements.ts'

/** Journals that are kept. */
export interface JournalFiles {
  /** Removes it now, or when all is acknowledged. */
  keep(file: string, acknowledgements: Acknowledgements): void
  acknowledge(tokens: readonly number[]): void
  has(file: string): boolean
}

/** No journals yet. */
export function makeJournalFiles(): JournalFiles {
  const kept = new Map<string, Acknowledgements>()
  const removeIfDone = (file: string, acknowledgements: Acknowledgements): void => {
    if (!acknowledgements.isEmpty()) return
    kept.delete(file)
    for (const path of [file, olderFile(file), controlFile(file)]) rmSync(path, { force: true })
  }
  return {
    keep(file, acknowledgements) {
      kept.set(file, acknowledgements)
      removeIfDone(file, acknowledgements)
    },
    acknowledge(tokens) {
      for (const [file, acknowledgements] of kept) {
        for (const token of tokens) acknowledgements.acknowledge(token)
        removeIfDone(file, acknowledgements)
      }
    },
    has: (file) => kept.has(file),
  }
}
