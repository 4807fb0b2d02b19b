// "Did you mean": the nearest known word to one that isn't known.

/** The known word that differs least, when it differs by little; else undefined. */
export function nearest(word: string, known: Iterable<string>): string | undefined {
  let best: string | undefined
  const typed = word.toLowerCase()
  let bestDistance = Math.min(3, Math.max(1, Math.floor(word.length / 2))) + 1
  for (const candidate of known) {
    const other = candidate.toLowerCase()
    const distance = other.startsWith(typed) ? 0.5 : distanceOf(typed, other)
    if (distance < bestDistance) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}

/** ` (did you mean X?)`, or ''. */
export function hint(word: string, known: Iterable<string>): string {
  const found = nearest(word, known)
  return found === undefined ? '' : ` (did you mean ${found}?)`
}

/** Insertions, deletions and replacements between two words. */
function distanceOf(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i]
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}
