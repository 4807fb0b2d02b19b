// The beginning of a reign: the epoch is raised, leftovers are dropped, everything needed is read.
// Must never write under an epoch that another daemon holds.
import type { SqlDriver } from '../../protocol/ports.ts'
import { endStates, stateNumber } from '../../protocol/states.ts'
import { actorOf, appOf, jobOf, journalOf, tallyOf, wholeSpanOf } from './columns.ts'
import { dropChanges, unstageStatements } from './commit.ts'
import { waitingEdges } from './queries/edges.ts'
import type { StoredSite } from './rows.ts'
import { numberOf, sql } from './sql.ts'

/** Numbers of the states that a job does not leave by itself. */
export const endNumbers: readonly number[] = endStates.map((state) => stateNumber(state) ?? -1)

async function raiseEpoch(driver: SqlDriver, owner: string): Promise<number> {
  const [reign] = await driver.all('SELECT epoch FROM reign')
  const before = numberOf(reign ?? {}, 'epoch')
  await driver.transaction(
    [
      {
        ...sql`UPDATE reign SET epoch = ${before + 1}, owner = ${owner} WHERE epoch = ${before}`,
        mustChange: 1,
      },
      ...unstageStatements('all', before + 1),
      dropChanges('all'),
    ],
    { isDurable: true },
  )
  return before + 1
}

/** Begins a reign and reads the site. STALE_EPOCH when another daemon began one just now. */
export async function beginReign(driver: SqlDriver, owner: string): Promise<StoredSite> {
  const epoch = await raiseEpoch(driver, owner)
  return driver.snapshot(async (all) => {
    const [head] = await all(`SELECT applied_seq,
      max(applied_seq, coalesce((SELECT max(seq) FROM journal), 0)) AS last_seq,
      max(next_job_id, coalesce((SELECT max(hi) FROM spec), 0) + 1,
        coalesce((SELECT max(hi) FROM span), 0) + 1, coalesce((SELECT max(id) FROM job), 0) + 1,
        coalesce((SELECT max(hi) FROM block), 0) + 1) AS next_id
      FROM reign`)
    const facts = head ?? {}
    // `state <> 8` lets SQLite take the partial index: ended jobs are not looked at. A job whose
    // history ends with its kill may have an attempt that has not ended, and one that is HELD has.
    const open = `SELECT * FROM job WHERE state <> 8
        AND (state NOT IN (${endNumbers.join()}) OR substr(log, -8) IN ('"KILL"]]', '"HELD"]]'))
      UNION ALL SELECT * FROM job WHERE state = 8 AND substr(log, -8) = '"HELD"]]' ORDER BY id`
    return {
      epoch,
      appliedSeq: numberOf(facts, 'applied_seq'),
      lastSeq: numberOf(facts, 'last_seq'),
      nextJobId: numberOf(facts, 'next_id'),
      apps: (await all('SELECT body FROM app ORDER BY name')).map(appOf),
      spans: (await all('SELECT * FROM span ORDER BY lo')).map(wholeSpanOf),
      openJobs: (await all(open)).map(jobOf),
      tallies: (await all('SELECT workflow, state, count FROM tally')).map(tallyOf),
      waiting: await waitingEdges(all),
      actors: (await all('SELECT * FROM actor ORDER BY kind, id')).map(actorOf),
      journal: (await all('SELECT * FROM journal ORDER BY seq')).map(journalOf),
    }
  })
}
