// The queue of row numbers against a plain array that does the same slowly.
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { makeQueue } from '../../../../../client/launcher/core/queue.ts'

const steps = fc.array(
  fc.oneof(
    fc.record({ do: fc.constantFrom('push' as const, 'unshift' as const), many: fc.constant(1) }),
    fc.record({ do: fc.constantFrom('shift' as const, 'pop' as const), many: fc.constant(1) }),
    fc.record({ do: fc.constant('remove' as const), many: fc.nat({ max: 40 }) }),
    // Beyond the slack, so that the front is given back.
    fc.record({
      do: fc.constantFrom('push' as const, 'shift' as const),
      many: fc.nat({ max: 2_000 }),
    }),
  ),
  { maxLength: 30 },
)

test('a queue gives back what was put in, in order, from both ends and the middle', () => {
  fc.assert(
    fc.property(steps, (list) => {
      const queue = makeQueue()
      const plain: number[] = []
      const taken: (readonly [number, number])[] = []
      let row = 0
      for (const step of list) {
        if (step.do === 'remove') {
          const at = plain.indexOf(step.many)
          if (at >= 0) plain.splice(at, 1)
          queue.remove(step.many)
        }
        for (let i = 0; i < step.many; i++) {
          if (step.do === 'push') queue.push(plain[plain.push(++row) - 1] ?? -1)
          else if (step.do === 'unshift') {
            plain.unshift(++row)
            queue.unshift(row)
          } else if (step.do === 'shift') taken.push([queue.shift(), plain.shift() ?? -1])
          else if (step.do === 'pop') taken.push([queue.pop(), plain.pop() ?? -1])
        }
        expect(taken.filter(([got, wanted]) => got !== wanted)).toEqual([])
        expect([queue.size(), queue.first(), queue.last()]).toEqual([
          plain.length,
          plain[0] ?? -1,
          plain.at(-1) ?? -1,
        ])
      }
    }),
    { numRuns: 300 },
  )
})
