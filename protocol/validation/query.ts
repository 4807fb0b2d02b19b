// The body of a query: a filter, and which columns of which jobs in which order.
import { z } from 'zod'
import type { JobQueryRequest } from '../calls.ts'
import { fault } from '../faults.ts'
import { limits } from '../limits.ts'
import { requestField } from '../query.ts'
import { filterShape } from './filter.ts'
import { parseAs } from './parse.ts'
import { checkQueryField } from './where.ts'

const columns = z.array(z.string()).max(limits.queryFieldsMax)

const shape = z.strictObject({
  filter: filterShape.exactOptional(),
  fields: columns.exactOptional(),
  order: columns.exactOptional(),
  after: z.int().min(0).exactOptional(),
  offset: z.int().min(0).max(limits.queryOffsetMax).exactOptional(),
  limit: z.int().min(1).exactOptional(),
})

/** A query out of unknown JSON. BAD_FIELD names what is wrong, TOO_MANY a page that is too long. */
export function checkJobQuery(value: unknown): JobQueryRequest {
  const query: JobQueryRequest = parseAs(shape, value)
  for (const field of query.fields ?? []) {
    if (field !== requestField) checkQueryField(field)
  }
  for (const field of query.order ?? []) checkQueryField(field.replace(/^-/, ''))
  if (query.after !== undefined && (query.order?.length ?? 0) > 0) {
    throw fault('BAD_FIELD', { field: 'after', what: 'an ordered list is paged by offset' })
  }
  if (query.after !== undefined && query.offset !== undefined) {
    throw fault('BAD_FIELD', { field: 'after', what: 'give either after or offset' })
  }
  const { limit = 1 } = query
  if (limit > limits.pageJobsMax) {
    throw fault('TOO_MANY', { what: 'jobs of one page', count: limit, max: limits.pageJobsMax })
  }
  return query
}
