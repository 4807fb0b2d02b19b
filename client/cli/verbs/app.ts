// balsam app: names an application, the first half of its jobs' command lines.
import { fault } from '../../../protocol/faults.ts'
import type { AppSpec } from '../../../protocol/job.ts'
import { userPath } from '../../sdk/find-site.ts'
import { collect, environmentOf, textOf } from '../options.ts'
import { type Caller, storedExecutable } from '../request/executable.ts'
import type { Parsed, Verb } from '../verb.ts'

/** The verb. */
export const app: Verb = {
  declare(command) {
    command
      .requiredOption('--name <NAME>', 'how jobs name it')
      .requiredOption('--executable <COMMAND>', 'command words before the job’s args; no shell')
      .option('--description <TEXT>', 'for people')
      .option('--envscript <FILE>', 'a file that bash sources before each task')
      .option('--env <K=V>', 'a variable for every job; may be repeated', collect)
      .option('--preprocess <COMMAND>', 'run in the working directory before the first attempt')
      .option('--postprocess <COMMAND>', 'run after a success, and as handler of errors')
  },
  async run(context, parsed) {
    const { env, cwd } = context.terminal
    const name = textOf(parsed, 'name') ?? ''
    const given = textOf(parsed, 'executable') ?? ''
    if (given.trim() === '') throw fault('EMPTY_EXECUTABLE', { name })
    const envscript = textOf(parsed, 'envscript') ?? ''
    const wanted: AppSpec = {
      name,
      executable: storedExecutable(given, 'executable', { env, cwd }),
      description: textOf(parsed, 'description') ?? '',
      envscript: envscript === '' ? '' : userPath(envscript, cwd),
      environment: environmentOf(parsed, 'env'),
      ...hookOf(parsed, 'preprocess', { env, cwd }),
      ...hookOf(parsed, 'postprocess', { env, cwd }),
    }
    const added = await context.balsam().addApp(wanted)
    if (parsed.options['json'] === true) {
      context.print(`${JSON.stringify({ schema: 'balsam.app/1', ...added })}\n`)
    } else if (context.look.isTty) context.print(`app ${added.name} added: ${added.executable}\n`)
    else context.print(`${added.name}\n`)
    return 0
  },
}

function hookOf(
  parsed: Parsed,
  key: 'preprocess' | 'postprocess',
  caller: Caller,
): Partial<Pick<AppSpec, 'preprocess' | 'postprocess'>> {
  const text = textOf(parsed, key)
  return text === undefined ? {} : { [key]: storedExecutable(text, `--${key}`, caller) }
}
