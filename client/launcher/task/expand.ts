// From a template and a job's number to what a spawner needs: argv, directory, output, environment.
// Must never give words to a shell, and never take a placeholder from a value that was put in.
import { join } from 'node:path'
import { taskMarkerVariable } from '../../../protocol/allocation-file.ts'
import type { StepPlan, TaskTemplate } from '../../../protocol/frames.ts'
import type { PythonCall } from '../../../protocol/job.ts'
import { limits } from '../../../protocol/limits.ts'
import type { HookPlan } from '../spawner/messages.ts'

/** What a spawner needs to know of one task. */
export interface TaskOrder {
  readonly argv: readonly string[]
  readonly cwd: string
  /** The directory is made, with its parents, before the task. */
  readonly makeCwd: boolean
  /** Variables beyond the base environment, set after the envscript. */
  readonly env: Readonly<Record<string, string>>
  readonly stdout: string | null
  readonly stderr: 'stdout' | null
  /** Add to an existing file instead of replacing it. */
  readonly append: boolean
  /** The attempt before this one; absent: it is the first. */
  readonly earlier?: number
  readonly envscript: string | null
  /** A call for a warm worker instead of argv. */
  readonly python?: PythonCall
  readonly hook?: HookPlan
}

/** Variables that every task sees. */
export const taskVariables = {
  jobId: 'BALSAM_JOB_ID',
  /** Authorises calls through the launcher's socket for this job. */
  token: 'BALSAM_TASK_TOKEN',
  /** Cores the task may use; an adopting launcher reads it from the process. */
  cpus: 'BALSAM_TASK_CPUS',
} as const

const placeholder = /\{(?:i|id|name)\}/

/** What does not change from task to task of a template. */
interface Plan {
  readonly argv: readonly string[] | null
  readonly isFileShared: boolean
}

/** Expands the templates of one allocation; what it can, it keeps for the next task. */
export function makeExpander(
  siteId: string,
  allocationId: number,
): (template: TaskTemplate, jobId: number, token: number, attempt: number) => TaskOrder {
  const plans = new WeakMap<TaskTemplate, Plan>()
  const planOf = (template: TaskTemplate): Plan => {
    let plan = plans.get(template)
    if (plan === undefined) {
      plan = makePlan(template)
      plans.set(template, plan)
    }
    return plan
  }

  return (template, jobId, token, attempt) => {
    const plan = planOf(template)
    const index = template.arrayOffset === null ? null : jobId - template.arrayOffset
    const name = index === null ? template.name : `${template.name}-${index}`
    const fill = (word: string): string =>
      word.replaceAll(/\{(i|id|name)\}/g, (found, key: string) => {
        if (key === 'id') return String(jobId)
        if (key === 'name') return name
        return index === null ? found : String(index)
      })
    const { workdirRoot, output } = template
    const cwd = workdirRoot === null ? template.cwd : join(workdirRoot, directoryName(name, jobId))
    return {
      // A user's own `{id}` in a command stays as it is: only an array's index is filled in.
      argv:
        index === null
          ? template.argv
          : (plan.argv ?? template.argv.map((word) => word.replaceAll('{i}', String(index)))),
      cwd,
      makeCwd: workdirRoot !== null || template.isCwdMade === true,
      env: {
        ...template.environment,
        [taskVariables.jobId]: String(jobId),
        [taskVariables.token]: String(token),
        [taskVariables.cpus]: String(template.cpus),
        [taskMarkerVariable]: `${siteId}:${allocationId}:${token}`,
      },
      stdout: outputFile(output, cwd, name, fill),
      stderr: output === null ? null : 'stdout',
      append: plan.isFileShared,
      ...(attempt > 1 ? { earlier: attempt - 1 } : {}),
      envscript: template.envscript === '' ? null : template.envscript,
      ...(template.python === undefined ? {} : { python: template.python }),
      ...(template.step === undefined ? {} : hookParts(template.step, cwd)),
    }
  }
}

/** A hook adds to its log, in the job's working directory. */
function hookParts(step: StepPlan | undefined, cwd: string): Partial<TaskOrder> {
  if (step?.kind !== 'hook') return {}
  const { header, timeoutMs, tailLines } = step
  const hook = { header, timeoutMs, tailLines, graceMs: limits.hookGraceMs }
  return { stdout: join(cwd, step.log), stderr: 'stdout', append: true, hook }
}

/** As in Balsam 0.3, a directory's name has no spaces. */
function directoryName(name: string, jobId: number): string {
  return `${name.replaceAll(' ', '_')}_${jobId}`
}

function makePlan(template: TaskTemplate): Plan {
  const { argv, arrayOffset, output } = template
  const isFile = output !== null && typeof output === 'object'
  return {
    argv: argv.some((word) => word.includes('{i}')) ? null : argv,
    // Elements that write to one file must not wipe out each other's lines.
    isFileShared: isFile && arrayOffset !== null && !placeholder.test(output.file),
  }
}

function outputFile(
  output: TaskTemplate['output'],
  cwd: string,
  name: string,
  fill: (word: string) => string,
): string | null {
  if (output === null) return null
  return output === 'workdir' ? join(cwd, `${name}.out`) : fill(output.file)
}
