// Counts by workflow and state: what they say of workflows without looking at a job.
import { expect, test } from 'vitest'
import { Tallies } from '../../../../daemon/core/tallies.ts'
import { jobStates } from '../../../../protocol/states.ts'

const [running, failed] = [jobStates.indexOf('RUNNING'), jobStates.indexOf('FAILED')]

test('workflows are listed by name, page by page, with their jobs by state', () => {
  const tallies = new Tallies()
  for (const name of ['c', 'a', 'b']) tallies.add(name, running, 1_000_000)
  tallies.add('a', failed, 2)
  const first = tallies.workflows('', 2)
  expect(first).toMatchObject({ total: 3, isMore: true })
  expect(first.items).toEqual([
    { workflow: 'a', total: 1_000_002, states: { RUNNING: 1_000_000, FAILED: 2 } },
    { workflow: 'b', total: 1_000_000, states: { RUNNING: 1_000_000 } },
  ])
  const second = tallies.workflows('b', 2)
  expect(second.isMore).toBe(false)
  expect(second.items.map(({ workflow }) => workflow)).toEqual(['c'])
})

test('a workflow whose last job is gone is no more', () => {
  const tallies = new Tallies()
  tallies.add('a', running, 1)
  tallies.add('a', running, -1)
  expect(tallies.workflows('', 10)).toEqual({ items: [], total: 0, isMore: false })
})
