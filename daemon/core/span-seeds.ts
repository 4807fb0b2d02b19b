// From specs in order of id to the spans of their jobs: neighbours that come to rest in the same
// state share one. Pure; runs ahead of the turn that accepts them.
import type { SpanShape } from '../store/rows.ts'
import { memberOf } from './mix.ts'
import type { SpanSeed } from './records.ts'
import { shapeKey, shapeOf } from './shape.ts'
import type { ParsedSpec } from './spec-cache.ts'
import { admit } from './steps.ts'

/** Collects specs. */
export interface SpanSeeds {
  /** `waits`: its jobs wait for parents. */
  add(spec: ParsedSpec, waits: boolean): void
  all(): readonly SpanSeed[]
}

/** A span under way. */
interface Growing {
  readonly lo: number
  hi: number
  readonly first: SpanShape
  readonly waits: boolean
  /** Where they come to rest once they wait no more. */
  readonly state: number
  /** Shapes by key; the place in it is the place in the mix. */
  readonly shapes: Map<string, { readonly shape: SpanShape; readonly member: string }>
  members: string
}

/** No spans yet. */
export function spanSeeds(): SpanSeeds {
  const seeds: SpanSeed[] = []
  let growing: Growing | null = null

  const finish = (): void => {
    if (growing === null) return
    const { lo, hi, first, shapes, members } = growing
    const seed = { lo, hi, spec: null, shape: first, ...waiting(growing.waits) }
    const all = [...shapes.values()].map(({ shape }) => shape)
    seeds.push(all.length === 1 ? seed : { ...seed, mix: { shapes: all, members } })
    growing = null
  }

  return {
    add({ lo, hi, request }, waits) {
      const shape = shapeOf(request)
      if (request.array !== null) {
        finish()
        seeds.push({ lo, hi, spec: lo, shape, ...waiting(waits) })
        return
      }
      const { state } = admit(shape, 0, false)
      const { workflow } = shape
      if (
        growing?.state !== state ||
        growing.waits !== waits ||
        growing.first.workflow !== workflow
      ) {
        finish()
        growing = { lo, hi, first: shape, waits, state, shapes: new Map(), members: '' }
      }
      const key = shapeKey(shape)
      let known = growing.shapes.get(key)
      if (known === undefined) {
        known = { shape, member: memberOf(growing.shapes.size) }
        growing.shapes.set(key, known)
      }
      growing.members += known.member
      growing.hi = hi
    },
    all() {
      finish()
      return seeds
    },
  }
}

function waiting(waits: boolean): { readonly waits?: true } {
  return waits ? { waits } : {}
}
