// The Python client against a real daemon and real launchers: its own test cases, in Python.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { TestSite, World } from '../../support/site.ts'
import { makeWorld } from '../../support/site.ts'
import { packageDirectory, python, runCases, whyNoPython } from './support.ts'

const guide = join(import.meta.dirname, '../../../docs/guide/python.md')

/** The blocks that run; `<!-- not run: … -->` before one says why it doesn't. */
function pythonBlocks(text: string): string[] {
  const found = [...text.matchAll(/(<!-- not run[^>]*-->\n)?```python\n([\s\S]*?)```/g)]
  return found.flatMap(([, reason, code]) => (reason === undefined && code ? [code] : []))
}

// Python is a client's language, not a part of the product: a machine may be without it.
describe.skipIf(whyNoPython !== null)('the Python client', () => {
  let world: World
  let site: TestSite
  beforeAll(async () => {
    world = await makeWorld()
    site = await world.makeSite()
  })
  afterAll(() => world?.close())

  test('sets of jobs are narrowed, ordered, counted and changed by the daemon', async () => {
    const { complaints, ran } = await runCases(world, site, 'test_query')
    expect(complaints).toBe('')
    expect(ran).toBeGreaterThan(15)
  })

  test('functions run in warm workers, and one that dies ends only its call', async () => {
    const { complaints, ran } = await runCases(world, site, 'test_executor.Executing')
    expect(complaints).toBe('')
    expect(ran).toBeGreaterThan(20)
  })

  test('what concurrent.futures promises of any executor is kept', async () => {
    const { complaints, ran } = await runCases(world, site, 'test_concurrent_futures')
    expect(complaints).toBe('')
    expect(ran).toBeGreaterThan(10)
  })

  test("CPython's own tests of concurrent.futures pass, where they are installed", async () => {
    const { complaints, ran, text } = await runCases(world, site, 'test_cpython')
    // Debian has them in a package of its own: libpython3-testsuite.
    const isThere = !text.includes('has no test.test_concurrent_futures')
    expect(isThere ? complaints : '').toBe('')
    expect(ran >= (isThere ? 15 : 0)).toBe(true)
  })

  test('every Python block of the guide runs as it stands', async () => {
    const script = join(site.path, 'guide.py')
    const blocks = pythonBlocks(readFileSync(guide, 'utf8'))
    expect(blocks.length).toBeGreaterThan(2)
    writeFileSync(script, blocks.join('\n'))
    const env = { PYTHONPATH: packageDirectory, BALSAM_SITE: site.path }
    const { code, out, err } = await world.start(python ?? '', [script], { env }).ended
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(out).toContain('2432902008176640000')
    expect(out).toContain("['n19', 'n18', 'n17']")
    expect(out).toContain('1023 hello done')
  })

  test('futures as arguments make a graph; a failed parent fails its children', async () => {
    const { complaints, ran } = await runCases(world, site, 'test_executor.Graphs')
    expect(complaints).toBe('')
    expect(ran).toBe(3)
  })

  test('scripts for Balsam 0.3 find the names they know, which do what they did', async () => {
    const { complaints, ran } = await runCases(world, site, 'test_compat')
    expect(complaints).toBe('')
    expect(ran).toBeGreaterThan(8)
  })

  test('reports say what a hand counts', async () => {
    const { complaints, ran } = await runCases(world, site, 'test_reports')
    expect(complaints).toBe('')
    expect(ran).toBe(2)
  })

  test('a search of 500 evaluations is driven by futures and what jobs keep as data', async () => {
    const { complaints, ran } = await runCases(world, site, 'test_search')
    expect(complaints).toBe('')
    expect(ran).toBe(1)
  })

  test('an executor leaves nothing, and finishes what was submitted', async () => {
    const { complaints, ran } = await runCases(world, site, 'test_executor.Lifetimes')
    expect(complaints).toBe('')
    expect(ran).toBe(4)
  })
})
