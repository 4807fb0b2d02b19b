// What every torture does: submit tasks that bear witness, read what the daemon knows of them, and
// see at the end that nothing of the site is left.
// Must never start a daemon: whether one runs is what the tests are about.
import { expect } from 'vitest'
import type { Balsam } from '../../../client/sdk/balsam.ts'
import { connect } from '../../../client/sdk/balsam.ts'
import type { JobDetail, JobRequest } from '../../../protocol/job.ts'
import type { TestSite } from '../../support/site.ts'
import type { GroundTruth } from './ground-truth.ts'
import type { Seeded } from './seeded.ts'

/** Jobs of one array. */
const arraySize = 50

/** Runs something with a client of the site. */
export async function withClient<T>(
  site: TestSite,
  use: (balsam: Balsam) => Promise<T>,
): Promise<T> {
  const balsam = connect(site.path, { env: { BALSAM_NO_AUTOSTART: '1' } })
  try {
    return await use(balsam)
  } finally {
    balsam.close()
  }
}

/**
 * Submits jobs 0 … count − 1, the first half in arrays, the others each different and with a
 * file for the output. Half of them are over at once, the others take 50 to 500 ms. Gives the ids
 * by number.
 */
export async function submitWitnessed(
  site: TestSite,
  truth: GroundTruth,
  random: Seeded,
  count: number,
): Promise<readonly number[]> {
  const seconds = (): number =>
    random.next() < 0.5 ? 0 : Math.round(random.between(50, 500)) / 1000
  const inArrays = Math.floor(count / 2 / arraySize) * arraySize
  const requests: JobRequest[] = []
  for (let first = 0; first < inArrays; first += arraySize) {
    const command = truth.command('{i}', seconds())
    const array = { first, last: first + arraySize - 1 }
    requests.push({ ...plain, name: `array${first}`, command, output: { to: 'none' }, array })
  }
  for (let number = inArrays; number < count; number += 1) {
    const command = truth.command(String(number), seconds())
    requests.push({ ...plain, name: `single${number}`, command })
  }
  const { ranges, total } = await withClient(site, (balsam) => balsam.submit(requests))
  expect(total).toBe(count)
  return ranges.flatMap(([first, last]) =>
    Array.from({ length: last - first + 1 }, (_, index) => first + index),
  )
}

const plain = {
  workflow: 'torture',
  application: null,
  args: '',
  description: '',
  environment: {},
  resources: { cpus: 1, nodePackingCount: 1 },
  priority: 0,
  maxRetries: 0,
  wallTimeMinutes: 1,
  output: { to: 'workdir' },
  cwd: '/',
  array: null,
} as const

/** All that the daemon knows of these jobs. */
export function detailsOf(site: TestSite, ids: readonly number[]): Promise<readonly JobDetail[]> {
  return withClient(site, async (balsam) => {
    const details: JobDetail[] = []
    for (const id of ids) details.push(await balsam.job(id))
    return details
  })
}

/** No task lives, the database is whole, and after a stop nothing of the site is left. */
export async function expectClean(site: TestSite): Promise<void> {
  const tasks = site.seen().filter(({ variables }) => variables['BALSAM_TASK_MARKER'] !== undefined)
  expect(tasks).toEqual([])
  const { code, out } = await site.balsamd('status', '--check')
  expect({ code, check: /^check +(\w+)/m.exec(out)?.[1] }).toEqual({ code: 0, check: 'ok' })
  expect(await site.balsamd('stop')).toMatchObject({ code: 0 })
  expect(site.processes()).toEqual([])
}
