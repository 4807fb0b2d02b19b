// Seeded campaigns over the production daemon and launchers: whatever fails, the promises hold.
// A failing seed is repeated by `BALSAM_SEED=N npx vitest run --project simulation`.
import { expect, test } from 'vitest'
import { runScenario } from './world/scenario.ts'

const only = process.env['BALSAM_SEED']
const seeds =
  only === undefined ? Array.from({ length: 300 }, (_, index) => index + 1) : [Number(only)]

test(`no promise is broken in ${seeds.length} campaigns with faults`, async () => {
  const failures: string[] = []
  let jobs = 0
  for (const seed of seeds) {
    const outcome = await runScenario(seed)
    jobs += outcome.jobs
    if (outcome.breaches.length > 0) {
      failures.push(
        `seed ${seed}: ${outcome.breaches.slice(0, 3).join('; ')} (repeat: BALSAM_SEED=${seed})`,
      )
    }
  }
  expect(failures).toEqual([])
  expect(jobs).toBeGreaterThan(seeds.length)
})

test('equal seeds give equal campaigns', async () => {
  const [one, other] = [await runScenario(7), await runScenario(7)]
  expect(other).toEqual(one)
})
