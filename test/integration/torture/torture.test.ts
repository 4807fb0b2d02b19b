// Torture: kill -9 of the daemon, of launchers and of both, 20 times while 2,000 jobs run.
// Real processes and a real database; a seed that fails is printed and can be given again.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { connect } from '../../../client/sdk/balsam.ts'
import type { JobDetail, JobRequest } from '../../../protocol/job.ts'
import { processesOf } from '../../support/processes.ts'
import type { TestSite, World } from '../../support/site.ts'
import { makeWorld } from '../../support/site.ts'
import { pause, until } from '../../support/until.ts'
import { killAll, pidsOf } from './faults.ts'
import type { GroundTruth } from './ground-truth.ts'
import { makeGroundTruth } from './ground-truth.ts'
import { seeded } from './seeded.ts'
import { breachesOf, lossesOf } from './verdict.ts'

const jobCount = 2_000
const daemonKills = 8
const mixedKills = ['launcher', 'launcher', 'launcher', 'launcher', 'launcher', 'daemon', 'daemon',
  'both', 'both', 'both', 'both', 'both'] as const

let world: World
beforeEach(async () => {
  world = await makeWorld()
})
afterEach(async () => {
  expect(await world.close()).toEqual([])
})

test('after 20 kill -9 of daemon, launcher and both among 2,000 jobs nothing is lost, doubled or left', { timeout: 300_000 }, async () => {
  const random = seeded()
  console.log(`torture: BALSAM_TORTURE_SEED=${random.seed} repeats this`)
  const site = await world.makeSite()
  const truth = makeGroundTruth(world.base)
  await site.ok('ls')
  const ids = await submitAll(site, truth, random)
  await site.ok('submit-launch', '-n', '2', '-t', '60', '--cpus', '4')

  const thresholds = Array.from({ length: daemonKills + mixedKills.length }, (_, index) =>
    Math.floor(random.between(0.3, 1) * 90 + index * 90))
  const kills = [...Array.from({ length: daemonKills }, () => 'daemon' as const), ...random.shuffle(mixedKills)]
  for (const [index, kill] of kills.entries()) {
    if (index === daemonKills) await expectNoSecondAttempt(site, truth)
    const threshold = thresholds[index] ?? 0
    await until(`${threshold} jobs have started`, () => truth.startedCount() >= threshold, 30_000)
    await pause(random.between(0, 200))
    const launchers = pidsOf(site, 'launcher')
    const launcher = launchers.length === 0 ? [] : [random.pick(launchers)]
    if (kill === 'launcher') await killAll(launcher)
    else {
      await killAll([...pidsOf(site, 'daemon'), ...(kill === 'both' ? launcher : [])])
      await pause(random.between(0, 800))
      expect(await site.balsamd('start')).toMatchObject({ code: 0 })
    }
  }
  expect(await site.balsam('wait', '--timeout', '100')).toMatchObject({ code: 0 })

  const details = await allDetails(site, ids)
  expect(details.flatMap((job, number) => breachesOf(number, job, truth.linesOf(number)))).toEqual([])
  expect(details.flatMap((job, number) => lossesOf(number, job, truth.linesOf(number)))).toEqual([])
  expect((await site.ok('out', String(ids.at(-1)))).trim()).toBe(`job ${jobCount - 1} was here`)
  await expectClean(site)
})

/** 1,000 jobs as an array and 1,000 different ones; half of each are over at once. */
async function submitAll(site: TestSite, truth: GroundTruth, random: ReturnType<typeof seeded>): Promise<number[]> {
  const seconds = (): number => (random.next() < 0.5 ? 0 : Math.round(random.between(50, 500)) / 1000)
  const common = {
    workflow: 'torture', application: null, args: '', description: '', environment: {},
    resources: { cpus: 1, nodePackingCount: 1 }, priority: 0, maxRetries: 0, wallTimeMinutes: 1,
    cwd: '/', array: null,
  } as const
  const half = jobCount / 2
  const arrays = Array.from({ length: 10 }, (_, index): JobRequest => {
    const first = (index * half) / 10
    const [shell = '', script = '', directory = ''] = truth.command(0, 0)
    const duration = String(index % 2 === 0 ? 0 : seconds() || 0.05)
    return { ...common, name: `array${index}`, command: [shell, script, directory, '{i}', duration],
      output: { to: 'none' }, array: { first, last: first + half / 10 - 1 } }
  })
  const singles = Array.from({ length: half }, (_, index): JobRequest => ({
    ...common, name: `single${half + index}`, command: truth.command(half + index, seconds()),
    output: { to: 'workdir' },
  }))
  const balsam = connect(site.path, { env: { ...world.env, BALSAM_NO_AUTOSTART: '1' } })
  const receipt = await balsam.submit([...arrays, ...singles])
  balsam.close()
  expect(receipt.total).toBe(jobCount)
  return receipt.ranges.flatMap(([first, last]) =>
    Array.from({ length: last - first + 1 }, (_, index) => first + index))
}

async function expectNoSecondAttempt(site: TestSite, truth: GroundTruth): Promise<void> {
  const numbers = Array.from({ length: jobCount }, (_, number) => number)
  expect(numbers.filter((number) => truth.linesOf(number).filter(({ what }) => what === 'started').length > 1)).toEqual([])
  const balsam = connect(site.path, { env: { ...world.env, BALSAM_NO_AUTOSTART: '1' } })
  for await (const job of balsam.allJobs()) expect(job.attempts).toBeLessThanOrEqual(1)
  balsam.close()
}

async function allDetails(site: TestSite, ids: readonly number[]): Promise<JobDetail[]> {
  const balsam = connect(site.path, { env: { ...world.env, BALSAM_NO_AUTOSTART: '1' } })
  const details: JobDetail[] = []
  for (const id of ids) details.push(await balsam.job(id))
  balsam.close()
  return details
}

async function expectClean(site: TestSite): Promise<void> {
  const tasks = processesOf({ id: site.id(), path: site.path })
    .filter(({ variables }) => variables['BALSAM_TASK_MARKER'] !== undefined)
  expect(tasks).toEqual([])
  const { code, out } = await site.balsamd('status', '--check')
  writeFileSync(join(world.base, 'status'), out)
  expect({ code, check: /^check +(\w+)/m.exec(out)?.[1] }).toEqual({ code: 0, check: 'ok' })
  expect(await site.balsamd('stop')).toMatchObject({ code: 0 })
  expect(site.processes()).toEqual([])
}
