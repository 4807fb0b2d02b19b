// Names of jobs, workflows and apps: what they may look like. They become path components and
// table cells, so nothing that a path or a terminal takes for something else is let through.

import type { Fault } from '../faults.ts'
import { fault } from '../faults.ts'
import { limits } from '../limits.ts'

const allowed = /^[A-Za-z0-9._+@=-]+(?: +[A-Za-z0-9._+@=-]+)*$/

/** What is wrong with a name, in words; null when it may be used. */
export function nameProblem(name: string): string | null {
  if (name.length <= limits.nameLengthMax && allowed.test(name)) {
    if (name === '.' || name === '..') return 'it is a path of its own'
    return name.startsWith('-') ? 'it would be read as a flag' : null
  }
  if (name === '') return 'it is empty'
  if (name.length > limits.nameLengthMax) return `it has ${name.length} characters`
  if (name.includes('/')) return 'it holds a slash'
  if (/[\r\n]/.test(name)) return 'it holds a line break'
  if (/\p{Cc}/u.test(name)) return 'it holds a control character'
  if (name.trim() !== name) return 'it begins or ends with a space'
  return 'it holds other characters'
}

/** BAD_NAME when the name may not be used. `field` is how the caller calls it. */
export function checkName(field: string, name: string): void {
  const what = nameProblem(name)
  if (what !== null) throw badName(field, name, what)
}

function badName(field: string, name: string, what: string): Fault {
  const shown = name.length > 40 ? `${name.slice(0, 40)}…` : name
  return fault('BAD_NAME', { field, value: JSON.stringify(shown), what })
}
