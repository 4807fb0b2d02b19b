// An app as a user defines it. An empty executable is refused here: no job of it could ever run.
import { z } from 'zod'
import { fault } from '../faults.ts'
import type { AppSpec } from '../job.ts'
import { limits } from '../limits.ts'
import { splitWords } from '../shell-words.ts'
import { checkName } from './names.ts'
import { parseAs } from './parse.ts'
import { checkResources, resourcesShape } from './resources.ts'
import { checkHook } from './step-fields.ts'
import { checkSetVariables, checkText, checkWords, environmentShape } from './text.ts'

const hook = z.string().max(limits.argsBytesMax)

const shape = z.strictObject({
  name: z.string(),
  executable: z.string().default(''),
  description: z.string().max(limits.descriptionLengthMax).default(''),
  envscript: z.string().max(limits.pathLengthMax).default(''),
  environment: environmentShape.default({}),
  preprocess: hook.exactOptional(),
  postprocess: hook.exactOptional(),
  resources: resourcesShape.exactOptional(),
})

/** An app out of unknown JSON. */
export function checkAppSpec(value: unknown): AppSpec {
  const app: AppSpec = parseAs(shape, value)
  checkName('name', app.name)
  if (app.resources !== undefined) checkResources(app.resources)
  if (app.executable.trim() === '') throw fault('EMPTY_EXECUTABLE', { name: app.name })
  checkWords('executable', splitWords(app.executable, 'executable'))
  checkText('description', app.description)
  checkText('envscript', app.envscript)
  checkSetVariables(app.environment)
  checkHook('preprocess', app.preprocess ?? '')
  checkHook('postprocess', app.postprocess ?? '')
  return app
}
