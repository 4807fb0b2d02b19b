// A world for the local scheduler: real processes under a stand-in supervisor, in a throw-away
// site.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { constants, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { onTestFinished } from 'vitest'
import type { AllocationFacts } from '../../../daemon/core/allocation-services.ts'
import { realClock } from '../../../daemon/ports/clock.ts'
import type { Runner } from '../../../daemon/runner/runner.ts'
import { startRunner } from '../../../daemon/runner/runner.ts'
import type { LocalPlan } from '../../../daemon/schedulers/local/local.ts'
import { localScheduler } from '../../../daemon/schedulers/local/local.ts'
import {
  localAllocationFile,
  markerFor,
  readSupervisor,
  writeRunDirectory,
} from '../../../daemon/schedulers/run-directory.ts'
import { limits } from '../../../protocol/limits.ts'
import type { Clock } from '../../../protocol/ports.ts'
import { toSettings } from '../../../protocol/settings.ts'
import { memoryLog } from '../../integration/links/server-fixture.ts'
import type { SchedulerWorld } from './suite.ts'

const script = resolve(import.meta.dirname, 'stand-in-supervisor.sh')
const realSupervisor = resolve(import.meta.dirname, '../../../client/launcher/supervisor/main.ts')
const runnerProgram = resolve(import.meta.dirname, '../../../daemon/runner/main.ts')

/** What the local world can do beyond the suite. */
export interface LocalWorld extends SchedulerWorld {
  readonly runner: Runner
  readonly siteId: string
  readonly site: string
  readonly lines: readonly string[]
  readonly plan: LocalPlan
  pids(facts: AllocationFacts): Promise<readonly number[]>
}

let worlds = 0

/**
 * A new world. Its supervisors are stand-ins that behave as told (see stand-in-supervisor.sh), or
 * the real ones, whose launchers find no daemon: they end when they are told to.
 */
export async function localWorld(
  behaviour: string,
  changes: { readonly name?: 'local' | 'foreign'; readonly clock?: Clock } = {},
): Promise<LocalWorld> {
  worlds += 1
  const siteId = `test-${process.pid}-${worlds}`
  const site = mkdtempSync(join(tmpdir(), 'bw-'))
  const log = memoryLog()
  const node = [process.execPath, '--disable-warning=ExperimentalWarning']
  const runner = startRunner({ node, program: runnerProgram, log })
  const plan: LocalPlan = {
    name: changes.name ?? 'local',
    siteId,
    siteDirectory: site,
    runner,
    clock: changes.clock ?? realClock(),
    log,
    killGraceMs: limits.killGraceMs,
    supervisor: behaviour === 'real' ? [...node, realSupervisor] : ['/bin/sh', script, behaviour],
    environment: process.env,
  }
  const made: AllocationFacts[] = []
  const pids = async (facts: AllocationFacts): Promise<readonly number[]> => {
    const marker = markerFor(siteId, facts.id)
    const { pids: living } = await runner.ask({ op: 'living', markers: [marker] })
    return living[marker] ?? []
  }
  const prepare = async (
    request: Partial<AllocationFacts['request']>,
  ): Promise<AllocationFacts> => {
    const facts = factsOf(site, made.length + 1, plan.name, request)
    made.push(facts)
    const where = { siteId, directory: site, host: 'here', settings: toSettings({}) }
    const address = { socket: join(site, 'no.sock'), tls: null }
    const file = localAllocationFile(facts, where, address)
    await writeRunDirectory(facts.runDirectory, file, facts.token)
    return facts
  }
  onTestFinished(async () => {
    for (const facts of made) {
      await runner.ask({ op: 'signalMarked', marker: markerFor(siteId, facts.id), signal: 9 })
    }
    runner.close()
    rmSync(site, { recursive: true, force: true })
  })
  return {
    scheduler: localScheduler(plan),
    runner,
    siteId,
    site,
    plan,
    lines: log.lines,
    pids,
    again: () => localScheduler(plan),
    allocation: (request = {}) => prepare(request),
    refused: () => prepare({ nodes: 1_000 }),
    finish: async (facts) => {
      writeFileSync(join(facts.runDirectory, 'finish'), '')
      if (behaviour !== 'real') return
      let supervisor = await readSupervisor(facts.runDirectory)
      while (supervisor === null) {
        // It runs before it can say so: Node takes its time to start.
        await new Promise((done) => setTimeout(done, 10))
        supervisor = await readSupervisor(facts.runDirectory)
      }
      await runner.ask({ op: 'signal', identity: supervisor, signal: constants.signals.SIGTERM })
    },
    livingCount: async () => {
      const counts = await Promise.all(made.map(async (facts) => (await pids(facts)).length))
      return counts.reduce((sum, count) => sum + count, 0)
    },
  }
}

function factsOf(
  site: string,
  id: number,
  scheduler: string,
  request: Partial<AllocationFacts['request']>,
): AllocationFacts {
  return {
    id,
    scheduler,
    token: `token-${id}`,
    wfFilter: '',
    runDirectory: join(site, 'run', `allocation-${id}`),
    createdAtMs: Date.now(),
    request: {
      project: 'Project',
      queue: 'Queue',
      nodes: 1,
      wallTimeMinutes: 5,
      jobMode: 'serial',
      wfFilter: '',
      cpusPerNode: null,
      idleExitMs: null,
      environment: {},
      isNoExec: false,
      ...request,
    },
  }
}
