// A vitest reporter: writes what scripts/test.mjs needs for its last line.
// Must never decide anything but what counts: passed, failed, skipped and why.
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

/** The title of a test with those of its suites. */
function place(test) {
  return `${test.module.relativeModuleId}: ${test.fullName}`
}

// biome-ignore lint/style/noDefaultExport: vitest takes a reporter from the default export
export default class TestReport {
  /** Counts all tests once the run has ended, and writes them to BALSAM_TEST_REPORT. */
  onTestRunEnd(modules, unhandledErrors) {
    const report = { passed: 0, failed: 0, skipped: [], loose: [] }
    for (const module of modules) {
      for (const test of module.children.allTests()) {
        const { state, note } = test.result()
        if (state === 'passed') report.passed += 1
        else if (state === 'failed') report.failed += 1
        else if (note === undefined) report.loose.push(place(test))
        else report.skipped.push({ title: place(test), reason: note })
      }
      // A file that can't be loaded, or a hook that fails, has errors of its own.
      if (module.errors().length > 0) report.failed += 1
      for (const suite of module.children.allSuites()) {
        if (suite.errors().length > 0) report.failed += 1
      }
    }
    if (unhandledErrors.length > 0) report.failed += 1
    const file = process.env.BALSAM_TEST_REPORT
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, JSON.stringify(report))
  }
}
