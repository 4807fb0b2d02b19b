// Which exits of a journal the launcher still needs, in the file of before and after the rotation.
// Must never let a file go while an exit in it is not durable elsewhere.

/** Exits that are not acknowledged. */
export interface Acknowledgements {
  reported(token: number): void
  acknowledge(token: number): void
  /** The journal has become large. */
  full(): void
  rotated(): void
  /** True once when the older file may go and the journal is large. */
  takeRotation(): boolean
  isEmpty(): boolean
}

/** None yet. */
export function makeAcknowledgements(): Acknowledgements {
  let older = new Set<number>()
  let newer = new Set<number>()
  let isFull = false
  return {
    reported: (token) => void newer.add(token),
    acknowledge(token) {
      if (!newer.delete(token)) older.delete(token)
    },
    full() {
      isFull = true
    },
    rotated() {
      older = newer
      newer = new Set()
    },
    takeRotation() {
      if (!isFull || older.size > 0) return false
      isFull = false
      return true
    },
    isEmpty: () => older.size + newer.size === 0,
  }
}
