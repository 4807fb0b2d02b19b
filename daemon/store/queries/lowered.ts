// Conditions that an index answers, taken out of `where`: what is left is looked at job by job.
// Must never change what a filter means.
import type { JobFilter, JobId } from '../../../protocol/job.ts'
import type { Comparison, Where } from '../../../protocol/query.ts'
import { isJobState, type JobState } from '../../../protocol/states.ts'
import { listOf } from './compare-text.ts'

/** The same filter with as much as possible in its plain fields, and tags as conditions. */
export function lowered(filter: JobFilter): JobFilter {
  const { tags, where, ...plain } = filter
  const parts: Where[] = []
  let simple: JobFilter = plain
  for (const part of [...(where === undefined ? [] : conjuncts(where)), ...tagged(tags)]) {
    const found = 'field' in part ? plainly(simple, part) : null
    if (found === null) parts.push(part)
    else simple = { ...simple, ...found }
  }
  const [first] = parts
  if (first === undefined) return simple
  return { ...simple, where: parts.length === 1 ? first : { all: parts } }
}

/** Conditions all of which must hold. */
function conjuncts(where: Where): readonly Where[] {
  return 'all' in where ? where.all.flatMap(conjuncts) : [where]
}

function tagged(tags: JobFilter['tags']): Comparison[] {
  return Object.entries(tags ?? {}).map(([name, value]) => ({
    field: `tags.${name}`,
    op: 'eq',
    value,
  }))
}

/** What the comparison says in plain fields; null when it can't be said, or they are taken. */
function plainly(filter: JobFilter, { field, op, value }: Comparison): Partial<JobFilter> | null {
  if (field === 'name' || field === 'workflow' || field === 'application') {
    const isFree = filter[field] === undefined && op === 'eq' && typeof value === 'string'
    return isFree ? { [field]: value } : null
  }
  if (field === 'state') {
    const words = op === 'in' ? value : op === 'eq' ? [value] : null
    if (filter.states !== undefined || !Array.isArray(words)) return null
    return words.every(isState) ? { states: words } : null
  }
  if (field !== 'id' || filter.ids !== undefined || filter.ranges !== undefined) return null
  return idsOf(op, value)
}

function isState(word: unknown): word is JobState {
  return typeof word === 'string' && isJobState(word)
}

function idsOf(op: Comparison['op'], value: unknown): Partial<JobFilter> | null {
  const ids: unknown = op === 'in' ? value : op === 'eq' ? [value] : null
  if (Array.isArray(ids)) return ids.every(isId) ? { ids } : null
  if (op !== 'range') return null
  const [first, last] = listOf(value)
  return isId(first) && isId(last) && first <= last ? { ranges: [[first, last]] } : null
}

function isId(value: unknown): value is JobId {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 1
}
