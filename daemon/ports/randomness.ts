// Chance from the system. `hex` is fit for secrets; `next` is for spreading things out.
import { randomBytes } from 'node:crypto'
import type { Randomness } from '../../protocol/ports.ts'

/** The randomness of production. */
export function realRandomness(): Randomness {
  return {
    next: () => Math.random(),
    hex: (bytes) => randomBytes(bytes).toString('hex'),
  }
}
