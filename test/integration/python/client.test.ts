// The Python client against a real daemon and real launchers: its own test cases, in Python.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { TestSite, World } from '../../support/site.ts'
import { makeWorld } from '../../support/site.ts'
import { runCases, whyNoPython } from './support.ts'

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

  test('it keeps what concurrent.futures promises of any executor', async () => {
    const { complaints, ran } = await runCases(world, site, 'test_concurrent_futures')
    expect(complaints).toBe('')
    expect(ran).toBeGreaterThan(10)
  })

  test("it passes CPython's own tests of concurrent.futures, where they are installed", async () => {
    const { complaints, ran, text } = await runCases(world, site, 'test_cpython')
    // Debian has them in a package of its own: libpython3-testsuite.
    const isThere = !text.includes('has no test.test_concurrent_futures')
    expect(isThere ? complaints : '').toBe('')
    expect(ran >= (isThere ? 15 : 0)).toBe(true)
  })

  test('an executor leaves nothing, and finishes what was submitted', async () => {
    const { complaints, ran } = await runCases(world, site, 'test_executor.Lifetimes')
    expect(complaints).toBe('')
    expect(ran).toBe(4)
  })
})
