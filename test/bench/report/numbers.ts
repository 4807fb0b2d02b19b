// Figures as people read them: three significant digits, thousands apart.

/** A figure without its unit; '–' when there is none. */
export function readable(value: number | null): string {
  if (value === null || Number.isNaN(value)) return '–'
  const size = Math.abs(value)
  if (size >= 100) return Math.round(value).toLocaleString('en-US')
  if (size >= 10) return value.toFixed(1)
  if (size >= 0.1 || size === 0) return value.toFixed(2)
  return value.toPrecision(2)
}
