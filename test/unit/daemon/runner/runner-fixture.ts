// A real runner and a throw-away directory; everything that was marked is killed in the end.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { onTestFinished } from 'vitest'
import type { Runner } from '../../../../daemon/runner/runner.ts'
import { startRunner } from '../../../../daemon/runner/runner.ts'
import { memoryLog } from '../../../integration/links/server-fixture.ts'

const program = resolve(import.meta.dirname, '../../../../daemon/runner/main.ts')
const flags = ['--disable-warning=ExperimentalWarning']

/** A runner that ends with the test. */
export function testRunner(): Runner {
  const node = [process.execPath, ...flags]
  const runner = startRunner({ node, program, log: memoryLog() })
  onTestFinished(() => runner.close())
  return runner
}

/** A directory that ends with the test. */
export function testDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'br-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

let count = 0

/** A marker of nobody else; its processes are killed after the test. */
export function testMarker(runner: Runner): string {
  count += 1
  const marker = `test-${process.pid}:${count}`
  onTestFinished(async () => {
    await runner.ask({ op: 'signalMarked', marker, signal: 9 })
  })
  return marker
}

/** Repeats a question until the answer is yes; the test's timeout ends a hopeless one. */
export async function until(isTrue: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await isTrue())) await new Promise((done) => setTimeout(done, 5))
}
