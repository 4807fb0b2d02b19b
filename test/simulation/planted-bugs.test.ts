// The simulation bites: each planted bug is found within a few seeds.
import { expect, test } from 'vitest'
import { plantedBugs } from './world/bugs.ts'
import { runScenario } from './world/scenario.ts'

/** Seeds tried for each bug. */
const seedsMax = 60

test.each(plantedBugs.map((bug) => [bug.name, bug] as const))('finds "%s"', async (_, bug) => {
  let found: string | undefined
  for (let seed = 1; seed <= seedsMax && found === undefined; seed += 1) {
    const { breaches } = await runScenario(seed, bug)
    found = breaches[0]
  }
  expect(found).toBeDefined()
})
