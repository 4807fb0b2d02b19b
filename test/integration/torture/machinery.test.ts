// Torture of what runs tasks: kill -9 of spawners, supervisors, the runner and of everything, and a
// spawner that stands still while its launcher dies. Here results may be lost, but never doubled.
import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { limits } from '../../../protocol/limits.ts'
import { livingDaemon } from '../../support/daemon.ts'
import type { TestSite, World } from '../../support/site.ts'
import { makeWorld } from '../../support/site.ts'
import { pause, until } from '../../support/until.ts'
import { detailsOf, expectClean, submitWitnessed } from './campaign.ts'
import { everythingOf, isMachinery, killAll, parentOf, pidsOf } from './faults.ts'
import { makeGroundTruth } from './ground-truth.ts'
import { seeded } from './seeded.ts'
import { breachesOf, describeFaults, lossesOf } from './verdict.ts'

let world: World
beforeEach(async () => {
  world = await makeWorld()
})
afterEach(() => world.close())

const jobCount = 600
const kills = [
  'spawner',
  'spawner',
  'spawner',
  'spawner',
  'runner',
  'supervisor',
  'supervisor',
  'everything',
  'everything',
  'launcher with its spawners',
  'launcher with its spawners',
  'launcher, then its spawners',
  'launcher, then its spawners',
] as const

/** Pids that a fault hits: one of the kind, chosen by chance, or all of the site. */
function victimsOf(
  site: TestSite,
  kill: (typeof kills)[number],
  pick: (from: readonly number[]) => readonly number[],
): readonly number[] {
  if (kill === 'everything') return everythingOf(site)
  if (kill === 'spawner' || kill === 'supervisor' || kill === 'runner') {
    return pick(pidsOf(site, kill))
  }
  const launcher = pick(pidsOf(site, 'launcher'))
  const spawners = pidsOf(site, 'spawner').filter((pid) => launcher.includes(parentOf(pid)))
  return [...launcher, ...spawners]
}

/** Kills, one after the other where the fault says so: by then the next launcher follows them. */
async function strike(kill: (typeof kills)[number], victims: readonly number[]): Promise<void> {
  if (kill !== 'launcher, then its spawners') return await killAll(victims)
  await killAll(victims.slice(0, 1))
  await pause(limits.restartMsMin + 300)
  await killAll(victims.slice(1))
}

test('kill -9 of spawners, supervisors and everything loses and doubles no job of 600', {
  timeout: 300_000,
}, async () => {
  const random = seeded()
  console.log(`torture: BALSAM_TORTURE_SEED=${random.seed} repeats this`)
  const site = await world.makeSite()
  const truth = makeGroundTruth(world.base)
  await site.ok('ls')
  const ids = await submitWitnessed(site, truth, random, jobCount)
  const launch = (): Promise<string> =>
    site.ok('submit-launch', '-n', '2', '-t', '60', '--cpus', '4')
  await launch()
  const pick = (from: readonly number[]): readonly number[] =>
    from.length === 0 ? [] : [random.pick(from)]
  const strikes: string[] = []
  for (const [index, kill] of random.shuffle(kills).entries()) {
    const threshold = Math.floor(
      (index + random.between(0.3, 0.9)) * (jobCount / (kills.length + 1)),
    )
    await until(`${threshold} jobs have started`, () => truth.startedCount() >= threshold, 60_000)
    const victims = victimsOf(site, kill, pick)
    strikes.push(`${uptime()} ${kill}: ${victims.join(', ')}`)
    await strike(kill, victims)
    if (livingDaemon(site.path) === undefined) await site.balsamd('start')
    if (kill === 'everything' || kill === 'supervisor') await launch()
  }
  const { code } = await site.balsam('wait', '--timeout', '100')
  const details = await detailsOf(site, ids)
  const breaches = details.flatMap((job, at) => breachesOf(at, job, truth.linesOf(at)))
  if (code !== 0) console.log(['struck:', ...strikes].join('\n'))
  // Together, so that a failure says which jobs, and what ended their attempts.
  expect({ code, breaches }).toEqual({ code: 0, breaches: [] })
  console.log(describeFaults(details))
  await expectClean(site)
})

test('a spawner that stood still while its launcher died starts nothing afterwards', async () => {
  const random = seeded()
  const site = await world.makeSite()
  const truth = makeGroundTruth(world.base)
  await site.ok('submit-launch', '-n', '1', '-t', '60', '--cpus', '4')
  // Every spawner has worked: none stops before it has come to its loop.
  await site.ok('submit', '--array', '1-40', '--stdout', 'none', '--wait', '--', 'sleep', '0.01')
  const stopped = pidsOf(site, 'spawner')
  for (const pid of stopped) process.kill(pid, 'SIGSTOP')
  const ids = await submitWitnessed(site, truth, random, 8)
  await pause(500)
  await killAll(pidsOf(site, 'launcher'))
  await until(
    'another launcher has spawners of its own',
    () => pidsOf(site, 'spawner').length > stopped.length,
  )
  await pause(3_000)
  for (const pid of stopped) process.kill(pid, 'SIGCONT')
  expect(await site.balsam('wait', '--timeout', '20')).toMatchObject({ code: 0 })
  await until(
    'the stopped spawners are gone',
    () => !pidsOf(site, 'spawner').some((pid) => stopped.includes(pid)),
  )
  const details = await detailsOf(site, ids)
  expect(details.flatMap((job, number) => breachesOf(number, job, truth.linesOf(number)))).toEqual(
    [],
  )
  for (const number of ids.keys())
    expect(truth.linesOf(number).filter(({ what }) => what === 'started')).toHaveLength(1)
  await expectClean(site)
})

test('what waited in a spawner that stood still while its launcher died is done', async () => {
  const site = await world.makeSite()
  const truth = makeGroundTruth(world.base)
  await site.ok('submit-launch', '-n', '1', '-t', '60', '--cpus', '2')
  // Alike and short, so that some are sent ahead to wait in the spawners.
  const words = ['--array', '0-199', '--stdout', 'none', '--', ...truth.command('{i}', 0.05)]
  const [first = 0] = (await site.ok('submit', ...words)).split('-').map(Number)
  await until('tasks are sent ahead', () => truth.startedCount() >= 20)
  const stopped = pidsOf(site, 'spawner')
  for (const pid of stopped) process.kill(pid, 'SIGSTOP')
  await killAll(pidsOf(site, 'launcher'))
  const isNew = (pid: number): boolean => !stopped.includes(pid)
  await until('the next launcher has its own', () => pidsOf(site, 'spawner').some(isNew))
  await pause(3_000)
  for (const pid of stopped) process.kill(pid, 'SIGCONT')
  expect(await site.balsam('wait', '--timeout', '30')).toMatchObject({ code: 0 })
  const ids = Array.from({ length: 200 }, (_, index) => first + index)
  const details = await detailsOf(site, ids)
  const check = (of: typeof breachesOf): string[] =>
    details.flatMap((job, number) => of(number, job, truth.linesOf(number)))
  expect([...check(breachesOf), ...check(lossesOf)]).toEqual([])
  await expectClean(site)
})

test.each([
  ['alone', (site: TestSite) => killAll(pidsOf(site, 'spawner'))],
  [
    'with its launcher',
    (site: TestSite) => killAll([...pidsOf(site, 'launcher'), ...pidsOf(site, 'spawner')]),
  ],
  ['after its launcher', killAdopted],
])('the task of a spawner that died %s is dead before it is tried again', async (_, strike) => {
  const site = await world.makeSite()
  const truth = makeGroundTruth(world.base)
  await site.ok('submit-launch', '-n', '1', '-t', '60', '--cpus', '1')
  const words = ['submit', '--stdout', 'none', '--', ...truth.command('0', 300)]
  const id = await site.ok(...words)
  const started = (): number => truth.linesOf(0).filter(({ what }) => what === 'started').length
  await until('the task has started', () => started() === 1)
  await strike(site)
  await until('it has been tried again', () => started() === 2)
  expect(truth.linesOf(0).map(({ what }) => what)).toEqual(['started', 'started'])
  await site.ok('kill', id.trim(), '--grace', '0.1s')
  await until('no task is left', () => site.seen().every(isMachinery))
})

async function killAdopted(site: TestSite): Promise<void> {
  const [launcher, spawners] = [pidsOf(site, 'launcher'), pidsOf(site, 'spawner')]
  await killAll(launcher)
  const isNew = (pid: number): boolean => !spawners.includes(pid)
  await until('the next launcher has its own', () => pidsOf(site, 'spawner').some(isNew))
  await killAll(spawners)
}

/** Seconds since boot, as tasks write them down. */
function uptime(): string {
  return readFileSync('/proc/uptime', 'utf8').split(' ')[0] ?? ''
}
