// Strings that end in a process: what no program can be given is refused here, with the field
// named.
import { z } from 'zod'
import { fault } from '../faults.ts'
import { limits } from '../limits.ts'

/** Variables by name. */
export const environmentShape: z.ZodType<Record<string, string>> = z.record(z.string(), z.string())

/** NUL_IN_ARGS or BAD_FIELD for text that can't reach a program unchanged. */
export function checkText(field: string, text: string): void {
  if (text.includes('\0')) throw fault('NUL_IN_ARGS', { field })
  if (!text.isWellFormed()) throw fault('BAD_FIELD', { field, what: 'holds half a surrogate pair' })
}

/** Also ARGS_TOO_LONG when the words together are more than the system takes. */
export function checkWords(field: string, words: readonly string[]): void {
  let length = 0
  for (const word of words) {
    checkText(field, word)
    length += word.length
  }
  // A UTF-16 unit has at most 3 bytes of UTF-8: only long ones are counted exactly.
  if (length * 3 <= limits.argsBytesMax) return
  const bytes = words.reduce((sum, word) => sum + bytesOf(word), 0)
  if (bytes <= limits.argsBytesMax) return
  throw fault('ARGS_TOO_LONG', { field, bytes, max: limits.argsBytesMax })
}

/** The rules of environment variables set by an app or a job. */
export function checkEnvironment(environment: Readonly<Record<string, string>>): void {
  for (const name in environment) {
    const value = environment[name] ?? ''
    const field = 'environment'
    if (name === '' || name.includes('=')) {
      throw fault('BAD_FIELD', { field, what: `${JSON.stringify(name)} is no name of a variable` })
    }
    checkText(field, name)
    checkText(field, value)
    const length = name.length + value.length + 2
    if (length * 3 > limits.environmentBytesMax) checkVariableSize(name, value)
  }
}

/** Names that Balsam itself sets for a task; by some of them its processes are found. */
const ownVariable =
  /^BALSAM_(TASK_\w*|SPAWNER_\w*|JOB_ID|WORKFLOW|SOCKET|NODE_INDEX|ALLOCATION_MARKER)$/

/** The same for variables that an app or a job sets: BAD_FIELD for names that are our own. */
export function checkSetVariables(environment: Readonly<Record<string, string>>): void {
  checkEnvironment(environment)
  const own = Object.keys(environment).find((name) => ownVariable.test(name))
  if (own === undefined) return
  throw fault('BAD_FIELD', { field: 'environment', what: `${own} is set by balsam itself` })
}

function checkVariableSize(name: string, value: string): void {
  // The kernel counts NAME=value and its NUL.
  const bytes = bytesOf(name) + bytesOf(value) + 2
  if (bytes <= limits.environmentBytesMax) return
  const field = `environment ${name.slice(0, limits.nameLengthMax)}`
  throw fault('ARGS_TOO_LONG', { field, bytes, max: limits.environmentBytesMax })
}

// TextEncoder and not Buffer: protocol has no business with node.
const encoder = new TextEncoder()
function bytesOf(text: string): number {
  return encoder.encode(text).byteLength
}
