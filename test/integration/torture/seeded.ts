// Chance that can be repeated: BALSAM_TORTURE_SEED, or a new seed, which is printed.
// Must never be used for anything but the choice of faults and sizes.

/** A source of chance. */
export interface Seeded {
  readonly seed: number
  /** A number from 0 to below 1. */
  next(): number
  between(low: number, high: number): number
  pick<T>(from: readonly T[]): T
  shuffle<T>(items: readonly T[]): T[]
}

/** The seed of the environment, or one of the clock. */
export function seeded(): Seeded {
  const seed = Number(process.env['BALSAM_TORTURE_SEED'] ?? Date.now() % 1_000_000_000)
  let state = seed >>> 0
  // mulberry32: small, and good enough to choose a victim.
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
  const between = (low: number, high: number): number => low + next() * (high - low)
  return {
    seed,
    next,
    between,
    pick<T>(from: readonly T[]): T {
      const picked = from[Math.floor(next() * from.length)]
      if (picked === undefined) throw new RangeError('there is nothing to pick from')
      return picked
    },
    shuffle: (items) =>
      items
        .map((item) => ({ item, at: next() }))
        .sort((a, b) => a.at - b.at)
        .map(({ item }) => item),
  }
}
