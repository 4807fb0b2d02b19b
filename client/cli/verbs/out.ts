// balsam out: a job's output as it was written; -f follows it until the job has ended.
import { existsSync } from 'node:fs'
import { fault } from '../../../protocol/faults.ts'
import type { JobDetail } from '../../../protocol/job.ts'
import { isEndState } from '../../../protocol/states.ts'
import { followFile, startOfLastLines } from '../files/follow.ts'
import { integerOf, isGiven } from '../options.ts'
import { realClock } from '../ports/clock.ts'
import { refOf } from '../refs.ts'
import type { Context, Verb } from '../verb.ts'

const lookMs = 100
/** Asking for the state costs the daemon something, so the file is looked at more often. */
const looksPerQuestion = 5

/** The verb. */
export const out: Verb = {
  declare(command) {
    command
      .argument('<job>', 'id, unique name, or current')
      .option('-f, --follow', 'go on until the job has ended')
      .option('-n, --lines <N>', 'only the last N lines')
      .option('--path', 'print the file’s name instead')
  },
  async run(context, parsed) {
    const job = await context.balsam().job(refOf(parsed.args[0] ?? '', context))
    const file = fileOf(job)
    if (isGiven(parsed, 'json')) {
      const document = { schema: 'balsam.output/1', id: job.id, file, exists: existsSync(file) }
      context.print(`${JSON.stringify(document)}\n`)
      return 0
    }
    if (isGiven(parsed, 'path')) {
      context.print(`${file}\n`)
      return 0
    }
    const isFollowing = isGiven(parsed, 'follow')
    if (!isFollowing && !existsSync(file)) {
      const what = isEndState(job.state) ? `${file} does not exist` : `it is ${job.state}`
      throw fault('OUTPUT_MISSING', { id: job.id, what })
    }
    const lines = integerOf(parsed, 'lines', 0)
    const from = lines === undefined ? 0 : startOfLastLines(file, lines)
    const followed = followFile(file, from)
    if (isFollowing) await followJob(context, job, () => followed.readMore(context.print))
    else followed.readMore(context.print)
    return 0
  },
}

function fileOf(job: JobDetail): string {
  if (job.output_file !== null) return job.output_file
  throw fault('OUTPUT_MISSING', { id: job.id, what: 'it was submitted with --stdout none' })
}

async function followJob(context: Context, job: JobDetail, readMore: () => void): Promise<void> {
  let isEnded = isEndState(job.state)
  for (let looks = 1; ; looks += 1) {
    // Asked before the last look: what a job wrote is there when it is known to have ended.
    readMore()
    if (isEnded) return
    await realClock.sleep(lookMs)
    if (looks % looksPerQuestion === 0) {
      isEnded = isEndState((await context.balsam().job(job.id)).state)
    }
  }
}
