// The local scheduler with real processes: what counts as living, as ended and as unknown, and who
// is killed.
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { AllocationFacts } from '../../../daemon/core/allocation-services.ts'
import { realClock } from '../../../daemon/ports/clock.ts'
import { identityOf, isLiving, readUptimeSeconds } from '../../../daemon/ports/process-identity.ts'
import { RunnerLost } from '../../../daemon/runner/runner.ts'
import { isLate, ownEndMsMax } from '../../../daemon/schedulers/local/end.ts'
import { localScheduler } from '../../../daemon/schedulers/local/local.ts'
import { markerFor, readSupervisor } from '../../../daemon/schedulers/run-directory.ts'
import { limits } from '../../../protocol/limits.ts'
import { localWorld } from '../../contract/schedulers/local-world.ts'
import { reaches, submitted } from '../../contract/schedulers/suite.ts'

const say = (facts: AllocationFacts, supervisor: object): void =>
  writeFileSync(join(facts.runDirectory, 'supervisor.json'), JSON.stringify(supervisor))

async function ready(facts: AllocationFacts) {
  for (;;) {
    const supervisor = await readSupervisor(facts.runDirectory)
    if (supervisor !== null) return supervisor
    await new Promise((done) => setTimeout(done, 5))
  }
}

test('an allocation lives on in its marked processes, and ends with the last of them', async () => {
  const world = await localWorld('orphan')
  const facts = await world.allocation()
  const allocation = await submitted(world.scheduler, facts)
  const supervisor = await ready(facts)
  await world.finish(facts)
  while (isLiving(supervisor)) await new Promise((done) => setTimeout(done, 5))
  expect((await world.scheduler.poll([allocation])).get(facts.id)).toMatchObject({
    state: 'running',
    evidence: expect.stringContaining('1 of its processes'),
  })
  await world.scheduler.cancel(allocation, false)
  await reaches(world.scheduler, allocation, 'ended')
})

test('what ignores TERM is killed after the grace', async () => {
  const timers: { readonly ms: number; readonly call: () => void }[] = []
  const after = (ms: number, call: () => void) => {
    if (ms < 1_000) return realClock().after(ms, call)
    timers.push({ ms, call })
    return { cancel: () => undefined }
  }
  const world = await localWorld('stubborn', { clock: { ...realClock(), after } })
  const facts = await world.allocation()
  const allocation = await submitted(world.scheduler, facts)
  const supervisor = await ready(facts)
  await world.scheduler.cancel(allocation, false)
  await world.scheduler.cancel(allocation, false)
  expect(isLiving(supervisor)).toBe(true)
  expect(timers.map((each) => each.ms)).toEqual([ownEndMsMax(limits.killGraceMs)])
  timers[0]?.call()
  await reaches(world.scheduler, allocation, 'ended')
  expect(await world.livingCount()).toBe(0)
})

test('a forced cancel resolves when nothing of the allocation lives', async () => {
  const world = await localWorld('stubborn')
  const facts = await world.allocation()
  const allocation = await submitted(world.scheduler, facts)
  await ready(facts)
  await world.scheduler.cancel(allocation, true)
  expect(await world.livingCount()).toBe(0)
})

test('a supervisor that ends at its start makes the allocation a failure', async () => {
  const world = await localWorld('silent')
  const allocation = await submitted(world.scheduler, await world.allocation())
  await reaches(world.scheduler, allocation, 'ended')
  const answer = (await world.scheduler.poll([allocation])).get(allocation.id)
  expect(answer).toMatchObject({ state: 'ended', isFailure: true })
})

test.each([
  ['of another boot', { bootId: 'another' }],
  ['of another start of that pid', { startTime: 1 }],
])('a supervisor.json %s proves no life', async (_name, forged) => {
  const world = await localWorld('brief')
  const facts = await world.allocation()
  say(facts, { ...identityOf(process.pid), startedAtMs: 1, ...forged })
  const answers = await world.scheduler.poll([{ ...facts, schedulerId: '1' }])
  expect(answers.get(facts.id)?.state).toBe('ended')
})

test('a forged supervisor.json leads no signal to somebody else', async () => {
  const world = await localWorld('brief')
  const facts = await world.allocation()
  const other = await world.allocation()
  const bystander = await submitted(world.scheduler, other)
  const { pid, bootId } = await ready(other)
  say(facts, { pid, bootId, startTime: 1, startedAtMs: 1 })
  await world.scheduler.cancel({ ...facts, schedulerId: '1' }, true)
  expect((await world.scheduler.poll([bystander])).get(other.id)?.state).toBe('running')
})

test('while nobody can look, an allocation is unknown and not ended', async () => {
  const world = await localWorld('silent')
  const facts = await world.allocation()
  const allocation = await submitted(world.scheduler, facts)
  await reaches(world.scheduler, allocation, 'ended')
  const ask = () => Promise.reject(new RunnerLost())
  const blind = localScheduler({ ...world.plan, runner: { ...world.runner, ask } })
  const answer = (await blind.poll([allocation])).get(facts.id)
  expect(answer?.state).toBe('unknown')
})

test('while a process may be its own, an allocation is neither ended nor begun', async () => {
  const world = await localWorld('orphan')
  const facts = await world.allocation()
  const allocation = await submitted(world.scheduler, facts)
  const supervisor = await ready(facts)
  await world.runner.ask({
    op: 'signalMarked',
    marker: markerFor(world.siteId, facts.id),
    signal: 9,
  })
  while (isLiving(supervisor)) await new Promise((done) => setTimeout(done, 5))
  const runner = { ...world.runner, ask: async () => ({ pids: {}, hidden: [1] }) as never }
  const scheduler = localScheduler({ ...world.plan, runner })
  expect((await scheduler.poll([allocation])).get(facts.id)).toMatchObject({ state: 'unknown' })
  writeFileSync(join(facts.runDirectory, 'start.json'), '')
  expect(await scheduler.findByToken(facts)).toBeUndefined()
  expect(await world.scheduler.findByToken(facts)).toBeNull()
})

test("the user's environment is in no argument vector, and its file is private", async () => {
  const world = await localWorld('long')
  const secret = 'correct horse battery staple'
  const facts = await world.allocation({ environment: { TOKEN: secret, PATH: '/usr/bin:/bin' } })
  await submitted(world.scheduler, facts)
  await ready(facts)
  const pids = await world.pids(facts)
  expect(pids.length).toBeGreaterThan(0)
  for (const pid of pids) {
    expect(readFileSync(`/proc/${pid}/cmdline`, 'utf8')).not.toContain(secret)
  }
  const file = join(facts.runDirectory, 'allocation.json')
  expect(readFileSync(file, 'utf8')).toContain(secret)
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(statSync(facts.runDirectory).mode & 0o777).toBe(0o700)
})

test('a supervisor gets what any program needs, and nothing that changes Node', async () => {
  const world = await localWorld('long')
  const environment = { PATH: '/usr/bin:/bin', NODE_OPTIONS: '--nonsense', HOME: '/somewhere/x' }
  const facts = await world.allocation({ environment })
  await submitted(world.scheduler, facts)
  const { pid } = await ready(facts)
  const variables = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0')
  expect(variables).toContain('HOME=/somewhere/x')
  expect(variables).toContain(`BALSAM_ALLOCATION_MARKER=${markerFor(world.siteId, facts.id)}`)
  expect(variables.filter((each) => each.startsWith('NODE_OPTIONS'))).toEqual([])
})

test('a foreign allocation is unknown until its launcher is started', async () => {
  const world = await localWorld('brief', { name: 'foreign' })
  const facts = await world.allocation()
  const allocation = { ...facts, schedulerId: null }
  const before = (await world.scheduler.poll([allocation])).get(facts.id)
  expect(before?.state).toBe('unknown')
  const byHand = await localWorld('brief')
  await byHand.runner.ask({
    op: 'start',
    argv: [...byHand.plan.supervisor, '--run-dir', facts.runDirectory],
    env: { PATH: '/usr/bin:/bin', BALSAM_ALLOCATION_MARKER: markerFor(world.siteId, facts.id) },
    cwd: '/',
    log: join(facts.runDirectory, 'launcher.log'),
    claim: join(byHand.site, 'claim'),
  })
  await reaches(world.scheduler, allocation, 'running')
  await world.finish(facts)
  await reaches(world.scheduler, allocation, 'ended')
})

test('a foreign allocation whose launcher never comes ends', async () => {
  const world = await localWorld('brief', { name: 'foreign' })
  const facts = await world.allocation()
  const createdAtMs = Date.now() - limits.foreignStartMsMax - 1
  const answers = await world.scheduler.poll([{ ...facts, createdAtMs, schedulerId: null }])
  expect(answers.get(facts.id)).toMatchObject({ state: 'ended', isFailure: true })
})

test('an allocation that outlives its walltime by too much is ended', async () => {
  const world = await localWorld('orphan')
  const facts = await world.allocation({ wallTimeMinutes: 0.001 })
  const allocation = await submitted(world.scheduler, facts)
  const supervisor = await ready(facts)
  await world.finish(facts)
  while (isLiving(supervisor)) await new Promise((done) => setTimeout(done, 5))
  // Its time of start is what its age is reckoned from: an hour ago.
  const startTime = Math.max(supervisor.startTime - 360_000, 1)
  const ageMs = (readUptimeSeconds() - startTime / 100) * 1_000
  expect(ageMs).toBeGreaterThan(limits.killGraceMs + limits.wallTimeSlackMs + 60)
  say(facts, { ...supervisor, startTime })
  await reaches(world.scheduler, allocation, 'ended')
  expect(await world.livingCount()).toBe(0)
})

test('an allocation is late only after its walltime, the grace and some slack', async () => {
  const world = await localWorld('brief')
  const facts = await world.allocation({ wallTimeMinutes: 1 })
  const allowedSeconds = 60 + (limits.killGraceMs + limits.wallTimeSlackMs) / 1_000
  const looked = (ageSeconds: number, wallTimeMinutes: number) => ({
    allocation: { ...facts, schedulerId: '1', request: { ...facts.request, wallTimeMinutes } },
    supervisor: { pid: 1, bootId: '', startTime: (readUptimeSeconds() - ageSeconds) * 100 },
    isSupervisorLiving: true,
    hasBegun: true,
    isStarting: false,
  })
  expect(isLate(looked(allowedSeconds - 1, 1), limits.killGraceMs)).toBe(false)
  expect(isLate(looked(allowedSeconds + 1, 1), limits.killGraceMs)).toBe(true)
  expect(isLate(looked(allowedSeconds + 1, 0), limits.killGraceMs)).toBe(false)
})

test('a start that was never recorded may be repeated once nothing of it lives', async () => {
  const world = await localWorld('brief')
  const facts = await world.allocation()
  const claim = join(facts.runDirectory, 'start.json')
  writeFileSync(claim, `${JSON.stringify({ claimant: identityOf(process.pid) })}\n`)
  expect(await world.scheduler.findByToken(facts)).toBeUndefined()
  expect((await world.scheduler.submit(facts)).kind).toBe('unknown')
  const gone = { ...identityOf(process.pid), startTime: 1 }
  writeFileSync(claim, `${JSON.stringify({ claimant: gone })}\n`)
  expect(await world.scheduler.findByToken(facts)).toBeNull()
  const allocation = await submitted(world.scheduler, facts)
  await reaches(world.scheduler, allocation, 'running')
})
