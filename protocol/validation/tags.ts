// Tags and data of a job: shapes and bounds, shared by submissions, changes and filters.
import { z } from 'zod'
import { fault } from '../faults.ts'
import type { JobData } from '../job.ts'
import { limits } from '../limits.ts'

const tagName = /^[A-Za-z0-9_.-]{1,128}$/
const tagValue = z.string().max(limits.tagLengthMax)

/** Tags by name. */
export const tagsShape: z.ZodType<Record<string, string>> = z
  .record(z.string(), tagValue)
  .refine((tags) => Object.keys(tags).length <= limits.tagsMax, `more than ${limits.tagsMax} tags`)
  .refine(
    (tags) => Object.keys(tags).every((name) => tagName.test(name)),
    'a name of a tag has 1 to 128 of letters, digits and _ . -',
  )

/** Any JSON object. */
export const dataShape: z.ZodType<JobData> = z.record(z.string(), z.json())

/** TOO_MANY for data that is too large to be kept with a job. */
export function checkData(data: JobData): void {
  const { length } = JSON.stringify(data)
  if (length <= limits.dataBytesMax) return
  throw fault('TOO_MANY', { what: 'bytes of data', count: length, max: limits.dataBytesMax })
}
