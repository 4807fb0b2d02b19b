// What the daemon says of itself.
import { expect, test } from 'vitest'
import { statusOf } from '../../../../daemon/process/status.ts'
import { TestLauncher } from '../core/launcher.ts'
import { array, startSite } from '../core/site.ts'

const facts = {
  takeLoopLagMs: () => 1.26,
  memoryBytes: () => 50 * 1_048_576,
  cpuSeconds: () => 2,
  driverReason: 'it was asked for',
}

test('the status counts jobs and launchers that are connected', async () => {
  const site = await startSite()
  await site.submit([array(3)])
  const allocation = await site.allocate()
  const launcher = await new TestLauncher(site).hello(allocation)
  expect(statusOf(site.core, facts)).toMatchObject({
    schema: 'balsam.status/1',
    state: 'serving',
    epoch: 1,
    launchers: 1,
    jobs: { PREPROCESSED: 3 },
    driver: 'simulation',
    driver_reason: 'it was asked for',
    rss_mib: 50,
    loop_lag_ms_max: 1.3,
  })
  await launcher.cut()
  expect(statusOf(site.core, facts).launchers).toBe(0)
})

test('a daemon that is going down says so', async () => {
  const site = await startSite()
  site.core.isDraining = true
  expect(statusOf(site.core, facts).state).toBe('draining')
})

test('the uptime is that of the reign', async () => {
  const site = await startSite()
  await site.pass(90_000)
  expect(statusOf(site.core, facts).uptime_s).toBeCloseTo(90, 0)
})
