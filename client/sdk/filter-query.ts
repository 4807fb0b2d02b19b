// A job filter as the query of a GET. Must never drop a condition: that would mean more jobs.
import type { JobFilter } from '../../protocol/job.ts'

/** The query (with its question mark, or '') for a filter and further fields. */
export function filterQuery(
  filter: JobFilter,
  more: Readonly<Record<string, string | number>> = {},
): string {
  const query = new URLSearchParams()
  // Present and empty means no job at all, absent means any.
  if (filter.ids !== undefined || filter.ranges !== undefined) {
    const ranges = (filter.ranges ?? []).map(([first, last]) => `${first}-${last}`)
    query.set('ids', [...(filter.ids ?? []), ...ranges].join(','))
  }
  if (filter.name !== undefined) query.set('name', filter.name)
  if (filter.workflow !== undefined) query.set('workflow', filter.workflow)
  if (filter.application !== undefined) query.set('application', filter.application)
  if (filter.states !== undefined) query.set('state', filter.states.join(','))
  for (const [name, value] of Object.entries(filter.tags ?? {}))
    query.append('tag', `${name}=${value}`)
  if (filter.where !== undefined) query.set('where', JSON.stringify(filter.where))
  for (const [name, value] of Object.entries(more)) query.set(name, String(value))
  const text = query.toString()
  return text === '' ? '' : `?${text}`
}
