// From unknown JSON to a typed value or a Fault that names the field. Only borders call this.
import type { z } from 'zod'
import type { Fault } from '../faults.ts'
import { fault } from '../faults.ts'

/**
 * The value in the shape of the schema, defaults filled in. BAD_FIELD names the first field that
 * is wrong.
 */
export function parseAs<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  throw issueFault(result.error.issues[0])
}

function issueFault(issue: z.core.$ZodIssue | undefined): Fault {
  if (issue === undefined) return fault('BAD_FIELD', { field: 'value', what: 'is not valid' })
  if (issue.code === 'unrecognized_keys') {
    const names = issue.keys.map((key) => JSON.stringify(key)).join(', ')
    return fault('BAD_FIELD', { field: pathOf(issue.path), what: `there is no field ${names}` })
  }
  return fault('BAD_FIELD', { field: pathOf(issue.path), what: issue.message })
}

function pathOf(path: readonly PropertyKey[]): string {
  return path.length === 0 ? 'the request' : path.map(String).join('.')
}

/** JSON text to a value. BAD_REQUEST when it is none. */
export function parseJson(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text)
    return value
  } catch (error) {
    throw fault('BAD_REQUEST', { what: `not JSON: ${error instanceof Error ? error.message : ''}` })
  }
}
