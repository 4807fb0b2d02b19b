// Accounts for every task that a spawner held when it died.
// Must not return before the tasks that are called lost are dead.
import type { Acknowledgements } from './acknowledgements.ts'
import { makeJournalReader } from './journal-reader.ts'
import { reclaim } from './reclaim.ts'
import type { SpawnerPoolSettings } from './settings.ts'

/** Reads the dead spawner's journal and tells what became of its tasks. */
export async function settleDead(
  file: string,
  held: ReadonlySet<number>,
  acknowledgements: Acknowledgements,
  settings: SpawnerPoolSettings,
): Promise<void> {
  const { clock, log, marker } = settings
  const reader = makeJournalReader(file, log)
  const { exits, withdrawn } = reader.read()
  // Exits that were reported before are in the journal too; only the others are news.
  const news = exits.filter(({ token }) => held.has(token))
  for (const { token } of news) acknowledgements.reported(token)
  const left = new Set(held)
  for (const { token } of news) left.delete(token)
  for (const token of withdrawn) left.delete(token)
  // A task is named in the journal before it is started.
  const lost = [...left].filter((token) => reader.view.open.has(token))
  const untouched = [...held].filter(
    (token) => withdrawn.includes(token) || (left.has(token) && !reader.view.open.has(token)),
  )
  if (news.length > 0) settings.onExited(news)
  if (untouched.length > 0) settings.onWithdrawn(untouched)
  if (lost.length === 0) return
  await reclaim(new Set(lost.map((token) => marker + token)), file, clock, log)
  settings.onSpawnerLost(lost)
}
