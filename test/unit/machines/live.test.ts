// Live actors come back from the store as they were: in every snapshot that their graphs hold.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { type StoredSnapshot, storedSnapshot } from '../../../machines/live.ts'
import { type LiveAnyone, type LiveCase, liveCases, newLauncher } from './live-cases.ts'

function walked(live: LiveAnyone, way: readonly { readonly type: string }[]): LiveAnyone {
  for (const event of way) live.deliver(event)
  return live
}

function roundTrip(stored: StoredSnapshot): StoredSnapshot {
  const back: StoredSnapshot = JSON.parse(JSON.stringify(stored))
  return back
}

/** What one event does: effects, state and context. */
function reaction(live: LiveAnyone, event: { readonly type: string }): readonly unknown[] {
  return [live.deliver(event), live.state(), live.context()]
}

for (const each of liveCases) {
  test(`every state of the ${each.name} machine can be reached`, () => {
    const reached = new Set(each.ways.map((way) => walked(each.open(), way).state()))
    expect([...reached].sort()).toEqual([...each.states].sort())
  })

  test(`a restored ${each.name} is in the same state and does the same with every event`, () => {
    for (const way of each.ways) {
      const stored = roundTrip(walked(each.open(), way).stored())
      for (const event of each.events) {
        const original = walked(each.open(), way)
        const restored = each.restore(stored)
        expect([restored.state(), restored.context()]).toEqual([
          original.state(),
          original.context(),
        ])
        expect(reaction(restored, event)).toEqual(reaction(original, event))
      }
    }
  })

  test(`restoring a ${each.name} has no effects by itself`, () => {
    for (const way of each.ways) {
      const restored = each.restore(roundTrip(walked(each.open(), way).stored()))
      expect(restored).toHaveProperty('first', [])
    }
  })
}

test('a snapshot of another version is refused with both versions named', () => {
  const stored = { ...newLauncher().stored(), version: 99 }
  expect(() => storedSnapshot(stored, 1)).toThrow('version 99 of its machine; this is 1')
})

test('no effect of an event is given out again with the next one', () => {
  const live = newLauncher()
  live.deliver({ type: 'HELLO', incarnation: 'a' })
  expect(live.deliver({ type: 'HEARTBEAT_MISSED' })).toEqual([])
})

const recordedFile = new URL('./recorded-snapshots.json', import.meta.url)
const recorded: Record<string, StoredSnapshot[]> = JSON.parse(readFileSync(recordedFile, 'utf8'))

function caseOf(name: string): LiveCase {
  const found = liveCases.find((each) => each.name === name)
  if (found === undefined) throw new Error(`no live machine is called ${name}`)
  return found
}

test('snapshots recorded when their version was made still load, in all their states', () => {
  for (const [name, list] of Object.entries(recorded)) {
    const states = list.map((stored) => caseOf(name).restore(stored).state())
    expect([...new Set(states)].sort()).toEqual([...caseOf(name).states].sort())
  }
  expect(Object.keys(recorded).sort()).toEqual(liveCases.map(({ name }) => name).sort())
})
