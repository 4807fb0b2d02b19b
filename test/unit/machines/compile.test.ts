// What the table compiler supports, and that it refuses the rest with the place and the reason.
import { expect, test } from 'vitest'
import { assign, createMachine, emit, fromPromise, raise, setup } from 'xstate'
import { compile } from '../../../machines/table/compile.ts'

const flat = { id: 'm', initial: 'a' } as const
const nothing = (): void => undefined

test('nested states are refused', () => {
  const machine = createMachine({
    ...flat,
    states: { a: { initial: 'b', states: { b: {} } } },
  })
  expect(() => compile(machine, ['a'])).toThrow("the m machine can't become a table: a is compound")
})

test('parallel states are refused', () => {
  const machine = createMachine({ id: 'm', type: 'parallel', states: { a: {}, b: {} } })
  expect(() => compile(machine, ['a', 'b'])).toThrow('the root is parallel')
})

test('final states are refused: after one every event is deaf', () => {
  const machine = createMachine({ ...flat, states: { a: { type: 'final' } } })
  expect(() => compile(machine, ['a'])).toThrow('a is final')
})

test('history states are refused', () => {
  const machine = createMachine({ ...flat, states: { a: {}, h: { type: 'history' } } })
  expect(() => compile(machine, ['a', 'h'])).toThrow('h is history')
})

test('always is refused', () => {
  const machine = createMachine({ ...flat, states: { a: { always: 'b' }, b: {} } })
  expect(() => compile(machine, ['a', 'b'])).toThrow('a has always')
})

test('after is refused: a restored snapshot loses its timers', () => {
  const machine = createMachine({ ...flat, states: { a: { after: { 10: 'b' } }, b: {} } })
  expect(() => compile(machine, ['a', 'b'])).toThrow('a has after')
})

test('invoke is refused', () => {
  const machine = createMachine({
    ...flat,
    states: { a: { invoke: { src: fromPromise(() => Promise.resolve(1)) } } },
  })
  expect(() => compile(machine, ['a'])).toThrow('a invokes an actor')
})

test('wildcard events are refused', () => {
  const machine = createMachine({ ...flat, states: { a: { on: { '*': 'b' } }, b: {} } })
  expect(() => compile(machine, ['a', 'b'])).toThrow('a.* uses a wildcard')
})

test('guards without a name are refused', () => {
  const machine = createMachine({
    ...flat,
    states: { a: { on: { E: { guard: () => true, target: 'b' } } }, b: {} },
  })
  expect(() => compile(machine, ['a', 'b'])).toThrow('a.E has a guard without a name')
})

test('a guard that is not in setup is refused', () => {
  const machine = createMachine({
    ...flat,
    states: { a: { on: { E: { guard: 'isFine', target: 'b' } } }, b: {} },
  })
  expect(() => compile(machine, ['a', 'b'])).toThrow('a.E has the guard isFine without code')
})

test('actions without a name are refused', () => {
  const machine = createMachine({ ...flat, states: { a: { on: { E: { actions: nothing } } } } })
  expect(() => compile(machine, ['a'])).toThrow('a.E has an action without a name')
})

test.each([
  ['raise', setup({ actions: { act: raise({ type: 'E' }) } })],
  ['emit', setup({ actions: { act: emit({ type: 'E' }) } })],
] as const)('the built-in action %s is refused', (_name, made) => {
  const machine = made.createMachine({ ...flat, states: { a: { on: { E: { actions: 'act' } } } } })
  expect(() => compile(machine, ['a'])).toThrow('a.E uses a built-in action as act')
})

test('assigning by one function is refused: the counters could not be named', () => {
  const machine = setup({ actions: { act: assign(() => ({ n: 1 })) } }).createMachine({
    ...flat,
    context: { n: 0 },
    states: { a: { on: { E: { actions: 'act' } } } },
  })
  expect(() => compile(machine, ['a'])).toThrow('a.E assigns by one function in act')
})

test('a list of states that is not the machine’s is refused', () => {
  const machine = createMachine({ ...flat, states: { a: {}, b: {} } })
  expect(() => compile(machine, ['a'])).toThrow('b is not in the list of states')
  expect(() => compile(machine, ['a', 'b', 'c'])).toThrow('c is in the list but not a state')
  expect(() => compile(machine, ['a', 'b', 'b'])).toThrow('names one twice')
})

const counting = setup({
  types: { context: {} as { n: number; m: number } },
  actions: {
    exit: nothing,
    entry: nothing,
    way: nothing,
    swap: assign({ n: ({ context }) => context.m, m: ({ context }) => context.n }),
    add: assign({ n: ({ context }) => context.n + 1 }),
  },
}).createMachine({
  ...flat,
  context: { n: 0, m: 0 },
  on: { HOME: { target: '.a', actions: 'way' } },
  states: {
    a: { entry: 'entry', on: { SELF: { target: 'a', actions: 'way' } } },
    b: {
      exit: 'exit',
      on: {
        GO: { target: 'a', actions: ['way', 'swap', 'add'] },
        AGAIN: { target: 'b', reenter: true },
        HOME: {},
      },
    },
  },
})

test('actions come in the order exit, way, entry; a state that goes to itself is not left', () => {
  const table = compile(counting, ['a', 'b'])
  const context = { n: 0, m: 0 }
  const effects = (state: 'a' | 'b', type: string) =>
    table.step(table.state(state), table.event(type), context, { type })?.effects
  expect(effects('b', 'GO')).toEqual(['exit', 'way', 'entry'])
  expect(effects('a', 'SELF')).toEqual(['way'])
  expect(effects('b', 'AGAIN')).toEqual(['exit'])
  // The root's way to the state in which it is leaves and enters it.
  expect(effects('a', 'HOME')).toEqual(['way', 'entry'])
})

test('a state that hears an event without doing anything hides the root’s way', () => {
  const table = compile(counting, ['a', 'b'])
  const event = { type: 'HOME' }
  expect(table.step(table.state('b'), table.event('HOME'), { n: 0, m: 0 }, event)).toBeNull()
})

test('one assign reads the context as it was, the next one what that made of it', () => {
  const table = compile(counting, ['a', 'b'])
  const context = { n: 1, m: 7 }
  const event = { type: 'GO' }
  const found = table.step(table.state('b'), table.event('GO'), context, event)
  if (found !== null) table.apply(found, context, event)
  expect(context).toEqual({ n: 8, m: 1 })
})

test('names that the machine lacks are refused', () => {
  const table = compile(counting, ['a', 'b'])
  expect(() => table.event('NOPE')).toThrow(RangeError)
  expect(table.findEvent('NOPE')).toBeUndefined()
})
