// `--stdout` as an output plan.

import type { OutputPlan } from '../../../protocol/job.ts'
import { userPath } from '../../sdk/find-site.ts'

/** none, a file (made absolute), or nothing said: a file in the job's working directory. */
export function outputPlan(text: string | undefined, cwd: string): OutputPlan {
  if (text === undefined) return { to: 'workdir' }
  return text === 'none' ? { to: 'none' } : { to: 'file', file: userPath(text, cwd) }
}
