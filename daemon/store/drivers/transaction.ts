// A transaction as one script, so that a driver sends it in one hop and no busy event loop comes
// between its statements. Must never leave a half: the script ends in COMMIT or fails before it.
import type { SqlStatement } from '../../../protocol/ports.ts'
import { rendered } from '../sql.ts'

/** What a script says when a statement changed another number of rows than it had to. */
export const mustChangeMessage = 'balsam: a statement changed another number of rows'

/** Run once per writing connection: the trigger behind `mustChange`. */
export const mustChangeSetup = `
CREATE TEMP TABLE must_change (wanted INTEGER, seen INTEGER);
CREATE TEMP TRIGGER must_change_check BEFORE INSERT ON must_change BEGIN
  SELECT CASE WHEN NEW.wanted IS NEW.seen THEN RAISE(IGNORE)
         ELSE RAISE(ABORT, '${mustChangeMessage}') END;
END;
`

/** The statements, each followed by the check of its changes; without BEGIN and COMMIT. */
export function bodyScript(statements: readonly SqlStatement[]): string {
  const parts: string[] = []
  for (const statement of statements) {
    if (statement.rows?.length === 0) continue
    parts.push(rendered(statement))
    if (statement.mustChange !== undefined) {
      parts.push(`INSERT INTO temp.must_change VALUES (${statement.mustChange}, changes())`)
    }
  }
  return parts.length === 0 ? '' : `${parts.join(';\n')};\n`
}

/**
 * The whole transaction. A transaction that need not be durable skips the fsync of its commit
 * where the journal mode keeps order without it (WAL); `canRelax` says so.
 */
export function transactionScript(
  statements: readonly SqlStatement[],
  isDurable: boolean,
  canRelax: boolean,
): string {
  const whole = `BEGIN IMMEDIATE;\n${bodyScript(statements)}COMMIT;`
  if (isDurable || !canRelax) return whole
  return `PRAGMA synchronous=NORMAL;\n${whole}\nPRAGMA synchronous=FULL;`
}

/** Run after a script that failed: whatever was open is undone, and the next commit is durable. */
export const afterFailure = 'PRAGMA synchronous=FULL;'
