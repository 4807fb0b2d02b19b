// A queue of row numbers that can also be taken from the middle and from the end.
// Must never move its whole content for one task: it may hold thousands.

/** First in, first out; −1 stands for nothing. */
export interface Queue {
  push(row: number): void
  unshift(row: number): void
  first(): number
  last(): number
  shift(): number
  pop(): number
  remove(row: number): void
  size(): number
}

/** Taken places at the front before they are given back. */
const slackMax = 1_024

/** An empty queue. */
export function makeQueue(): Queue {
  let rows: number[] = []
  let head = 0
  return {
    push(row) {
      rows.push(row)
    },
    unshift(row) {
      if (head > 0) rows[--head] = row
      else rows.unshift(row)
    },
    first: () => rows[head] ?? -1,
    last: () => (rows.length > head ? (rows.at(-1) ?? -1) : -1),
    shift() {
      const row = rows[head] ?? -1
      if (row < 0) return row
      head++
      if (head === rows.length) {
        rows.length = 0
        head = 0
      } else if (head > slackMax && head * 2 > rows.length) {
        rows = rows.slice(head)
        head = 0
      }
      return row
    },
    pop: () => (rows.length > head ? (rows.pop() ?? -1) : -1),
    remove(row) {
      const at = rows.indexOf(row, head)
      if (at >= 0) rows.splice(at, 1)
    },
    size: () => rows.length - head,
  }
}
