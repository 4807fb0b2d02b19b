// Changes of apps by field, for `balsam modify apps`.
import { fault } from '../../protocol/faults.ts'
import type { AppSpec } from '../../protocol/job.ts'
import { hint } from '../../protocol/suggest.ts'
import { userPath } from '../sdk/find-site.ts'
import { storedExecutable } from './request/executable.ts'
import type { Context } from './verb.ts'

const fields = ['executable', 'description', 'envscript', 'preprocess', 'postprocess'] as const

/** Changes fields of the one app that is named. Running launchers see it at the next task. */
export async function modifyApp(
  context: Context,
  names: readonly string[],
  pairs: readonly (readonly [field: string, value: string])[],
): Promise<void> {
  const balsam = context.balsam()
  const [name, ...more] = names
  if (name === undefined || more.length > 0) {
    throw fault('BAD_FLAG', { what: 'name one app', verb: 'modify' })
  }
  const app = (await balsam.apps()).find((each) => each.name === name)
  if (app === undefined) throw fault('APP_UNKNOWN', { name, hint: '' })
  let changed: AppSpec = app
  for (const [field, value] of pairs) changed = { ...changed, ...change(context, field, value) }
  await balsam.putApp(changed)
  context.say(`balsam: app ${name} changed`)
}

function change(context: Context, field: string, value: string): Partial<AppSpec> {
  const known = fields.find((each) => each === field)
  const { env, cwd } = context.terminal
  if (known === undefined) {
    const what = `an app has no such field${hint(field, fields)}`
    throw fault('BAD_FIELD', { field, what })
  }
  if (known === 'description' || value === '') return { [known]: value }
  if (known === 'envscript') return { envscript: userPath(value, cwd) }
  return { [known]: storedExecutable(value, known, { env, cwd }) }
}
