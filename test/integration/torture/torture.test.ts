// Torture: kill -9 of the daemon, of launchers and of both, 20 times while 2,000 jobs run.
// Real processes and a real database; a seed that fails is printed and can be given again.
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { TestSite, World } from '../../support/site.ts'
import { makeWorld } from '../../support/site.ts'
import { pause, until } from '../../support/until.ts'
import { detailsOf, expectClean, submitWitnessed, withClient } from './campaign.ts'
import { killAll, pidsOf } from './faults.ts'
import type { GroundTruth } from './ground-truth.ts'
import { makeGroundTruth } from './ground-truth.ts'
import type { Seeded } from './seeded.ts'
import { seeded } from './seeded.ts'
import { breachesOf, describeFaults, lossesOf } from './verdict.ts'

type Kill = 'daemon' | 'launcher' | 'both'

const jobCount = 2_000
/** First the daemon alone, so that what only it may cause can be told. */
const daemonKills: readonly Kill[] = Array.from({ length: 8 }, () => 'daemon')
const mixedKills: readonly Kill[] = [
  ...Array.from({ length: 2 }, () => 'daemon' as const),
  ...Array.from({ length: 5 }, () => 'launcher' as const),
  ...Array.from({ length: 5 }, () => 'both' as const),
]

let world: World
beforeEach(async () => {
  world = await makeWorld()
})
afterEach(() => world.close())

test('20 times kill -9 of daemon, launcher or both loses and doubles no job of 2,000', {
  timeout: 300_000,
}, async () => {
  const random = seeded()
  console.log(`torture: BALSAM_TORTURE_SEED=${random.seed} repeats this`)
  const site = await world.makeSite()
  const truth = makeGroundTruth(world.base)
  await site.ok('ls')
  const ids = await submitWitnessed(site, truth, random, jobCount)
  await site.ok('submit-launch', '-n', '2', '-t', '60', '--cpus', '4')

  const kills = [...daemonKills, ...random.shuffle(mixedKills)]
  for (const [index, kill] of kills.entries()) {
    if (index === daemonKills.length) await expectNoSecondAttempt(site, truth)
    const threshold = Math.floor((index + random.between(0.3, 1)) * (jobCount / 22))
    await until(`${threshold} jobs have started`, () => truth.startedCount() >= threshold, 60_000)
    await pause(random.between(0, 200))
    await strike(site, kill, random)
  }
  expect(await site.balsam('wait', '--timeout', '100')).toMatchObject({ code: 0 })

  const details = await detailsOf(site, ids)
  const check = (of: typeof breachesOf): string[] =>
    details.flatMap((job, number) => of(number, job, truth.linesOf(number)))
  expect(check(breachesOf)).toEqual([])
  expect(check(lossesOf)).toEqual([])
  console.log(`torture: ${describeFaults(details)}`)
  expect(await site.ok('out', `single${jobCount - 1}`)).toBe(`job ${jobCount - 1} was here\n`)
  await expectClean(site)
})

async function strike(site: TestSite, kill: Kill, random: Seeded): Promise<void> {
  // Its supervisor may just be waiting with the next one.
  const launchers = pidsOf(site, 'launcher')
  const launcher = launchers.length === 0 ? [] : [random.pick(launchers)]
  if (kill === 'launcher') return await killAll(launcher)
  await killAll([...pidsOf(site, 'daemon'), ...(kill === 'both' ? launcher : [])])
  await pause(random.between(0, 800))
  expect(await site.balsamd('start')).toMatchObject({ code: 0 })
}

/** Up to here only the daemon has died, which is no reason to try anything again. */
async function expectNoSecondAttempt(site: TestSite, truth: GroundTruth): Promise<void> {
  const isStarted = ({ what }: { readonly what: string }): boolean => what === 'started'
  const twice = Array.from({ length: jobCount }, (_, number) => truth.linesOf(number)).filter(
    (lines) => lines.filter(isStarted).length > 1,
  )
  expect(twice).toEqual([])
  await withClient(site, async (balsam) => {
    for await (const job of balsam.allJobs()) expect(job.attempts).toBeLessThanOrEqual(1)
  })
}
