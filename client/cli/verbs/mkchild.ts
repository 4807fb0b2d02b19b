// balsam mkchild: within a task, adds a job that waits for the task's own job; Balsam 0.3's verb.
import { refOf } from '../refs.ts'
import type { Verb } from '../verb.ts'
import { addJobs, job } from './job.ts'

/** The verb: the flags of `balsam job`. */
export const mkchild: Verb = {
  declare: (command) => job.declare(command),
  run: (context, parsed) => addJobs(context, parsed, [Number(refOf('current', context))]),
}
