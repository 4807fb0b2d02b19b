// The deep check: SQLite's own, and the rules between the tables.
// Must never repair anything; it tells.
import type { SqlQuery } from '../../protocol/ports.ts'

/** Breaches named at most per rule; a broken site may have millions. */
const namedMax = 10

/** Each rule as a query for its breaches: a row per breach, with the words in `breach`. */
const rules: readonly string[] = [
  `SELECT 'spec ' || lo || ' ends before it begins' AS breach FROM spec WHERE hi < lo`,
  `SELECT 'specs ' || before || ' and ' || lo || ' overlap' AS breach FROM (SELECT lo,
     lag(hi) OVER (ORDER BY lo) AS last, lag(lo) OVER (ORDER BY lo) AS before FROM spec)
     WHERE last >= lo`,
  `SELECT 'spec ' || s.lo || ' has no body' AS breach FROM spec s
     LEFT JOIN spec_body b ON b.lo = s.lo WHERE b.lo IS NULL`,
  `SELECT 'body ' || b.lo || ' has no spec' AS breach FROM spec_body b
     LEFT JOIN spec s ON s.lo = b.lo WHERE s.lo IS NULL`,
  `SELECT 'span ' || lo || ' ends before it begins' AS breach FROM span WHERE hi < lo`,
  `SELECT 'spans ' || before || ' and ' || lo || ' overlap' AS breach FROM (SELECT lo,
     lag(hi) OVER (ORDER BY lo) AS last, lag(lo) OVER (ORDER BY lo) AS before FROM span)
     WHERE last >= lo`,
  `SELECT 'job ' || j.id || ' has a row and is in span ' || p.lo AS breach
     FROM span p CROSS JOIN job j ON j.id BETWEEN p.lo AND p.hi`,
  `SELECT 'job ' || j.id || ' is not covered by a spec' AS breach FROM job j
     LEFT JOIN spec s ON s.lo = (SELECT max(t.lo) FROM spec t WHERE t.lo <= j.id)
     AND j.id <= s.hi WHERE s.lo IS NULL`,
  `SELECT 'span ' || p.lo || ' has jobs without a spec' AS breach FROM span p
     WHERE (SELECT coalesce(sum(min(s.hi, p.hi) - max(s.lo, p.lo) + 1), 0) FROM spec s
       WHERE s.lo BETWEEN coalesce((SELECT max(lo) FROM spec WHERE lo <= p.lo), 0) AND p.hi
       AND s.hi >= p.lo) <> p.hi - p.lo + 1`,
  `SELECT 'span ' || p.lo || ' holds a job of another workflow' AS breach FROM span p
     WHERE EXISTS (SELECT 1 FROM spec s WHERE s.hi >= p.lo AND s.workflow <> p.workflow AND
       s.lo BETWEEN coalesce((SELECT max(lo) FROM spec WHERE lo <= p.lo), 0) AND p.hi)`,
  `SELECT 'the tally of ' || workflow || ' in state ' || state || ' is ' || told || ', not ' || seen
     AS breach
     FROM (SELECT workflow, state, sum(told) AS told, sum(seen) AS seen FROM (
       SELECT workflow, state, count AS told, 0 AS seen FROM tally
       UNION ALL SELECT workflow, state, 0, hi - lo + 1 FROM span
       UNION ALL SELECT s.workflow, j.state, 0, count(*) FROM job j
         JOIN spec s ON s.lo = (SELECT max(t.lo) FROM spec t WHERE t.lo <= j.id) GROUP BY 1, 2)
       GROUP BY workflow, state) WHERE told <> seen`,
  `SELECT 'journal record ' || seq || ' is applied and still there' AS breach
     FROM journal, reign WHERE seq <= applied_seq`,
  `SELECT 'journal record ' || seq || ' does not follow ' || before AS breach FROM (SELECT seq,
     coalesce(lag(seq) OVER (ORDER BY seq), (SELECT applied_seq FROM reign)) AS before FROM journal)
     WHERE seq <> before + 1`,
  `SELECT 'block ' || lo || ' was settled by an applied record' AS breach
     FROM block, reign WHERE seq <= applied_seq`,
  `SELECT 'the history of job ' || id || ' is no list' AS breach FROM job
     WHERE NOT json_valid(log) OR json_type(log) <> 'array'`,
]

/** SQLite's verdict ('ok' or what it found) and what breaks the store's own rules. */
export async function checkStore(
  all: SqlQuery,
): Promise<{ readonly integrity: string; readonly breaches: readonly string[] }> {
  const found = await all('PRAGMA integrity_check')
  const integrity = found.map((row) => String(row['integrity_check'])).join('; ')
  const breaches: string[] = []
  for (const rule of rules) {
    const rows = await all(`SELECT breach FROM (${rule}) LIMIT ${namedMax + 1}`)
    breaches.push(...rows.slice(0, namedMax).map((row) => String(row['breach'])))
    if (rows.length > namedMax) breaches.push(`… and more of this kind`)
  }
  return { integrity, breaches }
}
