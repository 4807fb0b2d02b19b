// When reports leave a spawner.
import { expect, test } from 'vitest'
import { makeReports } from '../../../../../client/launcher/spawner/reports.ts'
import { limits } from '../../../../../protocol/limits.ts'

function subject() {
  const sent: string[] = []
  const reports = makeReports((lines) => void sent.push(lines))
  return { sent, reports }
}

const nothing = (): void => undefined

test('reports wait for company, but no longer than the limit', () => {
  const { sent, reports } = subject()
  reports.started(1, 11, 5)
  reports.flush(100, nothing)
  expect(sent).toEqual([])
  expect(reports.dueInMs(100)).toBe(limits.spawnerReportMs)
  reports.started(2, 12, 6)
  reports.flush(100 + limits.spawnerReportMs, nothing)
  expect(sent).toEqual(['{"op":"started","tasks":[[1,11,5],[2,12,6]]}\n'])
  expect(reports.dueInMs(200)).toBe(Number.POSITIVE_INFINITY)
})

test('a hurried report goes at once, after the journal', () => {
  const { sent, reports } = subject()
  const order: string[] = []
  reports.exited(1, '{"token":1}')
  reports.hurry()
  reports.flush(100, () => order.push(`journal, then ${sent.length} sent`))
  expect(order).toEqual(['journal, then 0 sent'])
  expect(sent).toEqual(['{"op":"exited","tasks":[{"token":1}]}\n'])
})

test('a task that ended before its start was reported is only reported as ended', () => {
  const { sent, reports } = subject()
  reports.started(1, 11, 5)
  reports.started(2, 12, 5)
  reports.exited(1, '{"token":1}')
  reports.hurry()
  reports.flush(100, nothing)
  expect(sent.join('')).toBe(
    '{"op":"started","tasks":[[2,12,5]]}\n{"op":"exited","tasks":[{"token":1}]}\n',
  )
})

test('withdrawn tasks are reported without delay', () => {
  const { sent, reports } = subject()
  reports.withdrawn([3, 4])
  reports.flush(100, nothing)
  expect(sent).toEqual(['{"op":"withdrawn","tokens":[3,4]}\n'])
})

test('that a journal was rotated is told after the exits that were written before', () => {
  const { sent, reports } = subject()
  reports.exited(1, '{"token":1}')
  reports.say({ op: 'rotated' })
  reports.flush(100, nothing)
  expect(sent).toEqual(['{"op":"exited","tasks":[{"token":1}]}\n{"op":"rotated"}\n'])
})
