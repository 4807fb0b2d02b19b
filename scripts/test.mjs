// `npm test`: installs and builds what is missing, runs every test, ends with one plain line.
// Must run on Node 20; must never report success when the tests could not be run.
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { build } from './build.mjs'
import { buildSqlite3 } from './build-sqlite3.mjs'
import { needNode, root, run } from './paths.mjs'
import { setup } from './setup.mjs'

const reportFile = join(root, '.cache/test-report.json')

/** Runs vitest; resolves to its exit code and the report, undefined when it wrote none. */
async function runTests(sqlite3) {
  rmSync(reportFile, { force: true })
  const reason = sqlite3.isAvailable ? {} : { BALSAM_NO_SQLITE3_REASON: sqlite3.reason }
  const env = { ...process.env, BALSAM_TEST_REPORT: reportFile, ...reason }
  // A test must meet the site it made itself, never the user's own.
  for (const name of ['BALSAM_SITE', 'BALSAM_DB_PATH', 'BALSAM_JOB_ID', 'BALSAM_NO_AUTOSTART']) {
    delete env[name]
  }
  const reporters = ['--reporter=default', `--reporter=${join(root, 'scripts/test-report.mjs')}`]
  const vitest = join(root, 'node_modules/vitest/vitest.mjs')
  const args = ['--disable-warning=ExperimentalWarning', vitest, 'run', ...reporters]
  const { code } = await run(needNode(), [...args, ...process.argv.slice(2)], { env })
  try {
    return { code, report: JSON.parse(readFileSync(reportFile, 'utf8')) }
  } catch {
    return { code, report: undefined }
  }
}

/** The skipped tests, one line a reason. */
function skipLines(skipped) {
  const byReason = Map.groupBy?.(skipped, (each) => each.reason) ?? groupByReason(skipped)
  return [...byReason].map(([reason, tests]) => `skipped: ${reason} (${tests.length})`)
}

/** Map.groupBy for Node 20. */
function groupByReason(skipped) {
  const groups = new Map()
  for (const each of skipped) groups.set(each.reason, [...(groups.get(each.reason) ?? []), each])
  return groups
}

/** Builds; resolves to what went wrong, or undefined. The tests run either way. */
async function tryBuild() {
  try {
    await build()
    return undefined
  } catch (error) {
    return error.message
  }
}

/** Prints the summary and returns the exit code. */
function conclude({ code, report }, buildError) {
  const { passed, failed, skipped, loose } = report ?? {
    passed: 0,
    failed: 1,
    skipped: [],
    loose: [],
  }
  for (const line of skipLines(skipped)) console.log(line)
  for (const title of loose) console.log(`failed: skipped without a reason: ${title}`)
  if (report === undefined) console.log(`failed: vitest ended with code ${code} and no report`)
  else if (passed + failed === 0) console.log('failed: no test was run')
  const isEmpty = report !== undefined && passed + failed === 0
  if (buildError !== undefined) console.log(`failed: the build: ${buildError}`)
  const others = [isEmpty, buildError !== undefined].filter(Boolean).length
  const failures = failed + loose.length + others
  // vitest may fail for a reason that is no test's, such as a worker that crashed.
  const total = failures === 0 && code !== 0 ? 1 : failures
  if (total > failures) console.log(`failed: vitest ended with code ${code}`)
  console.log(
    `${passed} passed, ${total} failed${skipped.length > 0 ? `, ${skipped.length} skipped` : ''}`,
  )
  return total === 0 ? 0 : 1
}

try {
  await setup()
  const buildError = await tryBuild()
  const sqlite3 = await buildSqlite3()
  if (!sqlite3.isAvailable) console.log(`sqlite3: not available here: ${sqlite3.reason}`)
  process.exitCode = conclude(await runTests(sqlite3), buildError)
} catch (error) {
  console.error(error.message)
  console.log('0 passed, 1 failed')
  process.exitCode = 1
}
