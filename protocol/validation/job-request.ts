// One line of a submission: its shape (zod, with defaults for what may be left out) and its rules.
// Runs up to 100,000 times in a submission, so the rules are plain code without allocation.
import { z } from 'zod'
import { fault } from '../faults.ts'
import type { JobRequest, SubmittedRequest } from '../job.ts'
import { limits } from '../limits.ts'
import { splitWords } from '../shell-words.ts'
import { checkName } from './names.ts'
import { parseAs } from './parse.ts'
import { checkPython, pythonShape } from './python.ts'
import { checkResources, resourcesShape } from './resources.ts'
import { checkStepFields, stepFields } from './step-fields.ts'
import { checkData, dataShape, tagsShape } from './tags.ts'
import { checkSetVariables, checkText, checkWords, environmentShape } from './text.ts'

const outputShape = z.union([
  z.strictObject({ to: z.literal('workdir') }),
  z.strictObject({ to: z.literal('none') }),
  z.strictObject({ to: z.literal('file'), file: z.string() }),
])

const parentShape = z.union([z.int().min(1), z.string().min(1).max(limits.elementNameLengthMax)])

const arrayShape = z.strictObject({ first: z.int().min(0), last: z.int().min(0) })

const shape = z.strictObject({
  name: z.string(),
  workflow: z.string().default('default'),
  application: z.string().nullable().default(null),
  args: z.string().default(''),
  command: z.array(z.string()).nullable().default(null),
  description: z.string().max(limits.descriptionLengthMax).default(''),
  environment: environmentShape.default({}),
  resources: resourcesShape.default({}),
  priority: z.int().min(-limits.priorityMax).max(limits.priorityMax).default(0),
  maxRetries: z.int().min(0).max(limits.retriesMax).default(0),
  wallTimeMinutes: z.number().min(0).max(limits.wallTimeMinutesMax).default(1),
  output: outputShape.default({ to: 'workdir' }),
  cwd: z.string().default('/'),
  array: arrayShape.nullable().default(null),
  tags: tagsShape.exactOptional(),
  data: dataShape.exactOptional(),
  python: pythonShape.exactOptional(),
  key: z.string().min(1).max(limits.nameLengthMax).exactOptional(),
  parents: z.array(parentShape).max(limits.parentsMax).exactOptional(),
  waitForParents: z.boolean().exactOptional(),
  ...stepFields,
})

/** Every field that a submission may have. */
export const requestFields: readonly string[] = Object.keys(shape.shape)

/** A job request out of unknown JSON; a Fault names the field and the rule that it breaks. */
export function checkJobRequest(value: unknown): SubmittedRequest {
  const request: SubmittedRequest = parseAs(shape, value)
  checkName('name', request.name)
  checkName('workflow', request.workflow)
  checkCommand(request)
  checkText('description', request.description)
  checkSetVariables(request.environment)
  checkPlaces(request)
  checkResources(request.resources)
  if (request.array !== null) checkArray(request.array)
  if (request.data !== undefined) checkData(request.data)
  checkStepFields(request)
  return request
}

/** How many jobs a request stands for. */
export function jobsOf(request: Pick<JobRequest, 'array'>): number {
  return request.array === null ? 1 : request.array.last - request.array.first + 1
}

function checkCommand(request: SubmittedRequest): void {
  if (request.python !== undefined) return checkPython(request, request.python)
  if (request.application === null) {
    if (request.command === null || request.command.length === 0 || request.command[0] === '') {
      throw fault('NO_COMMAND')
    }
    if (request.args !== '') {
      throw fault('BAD_FIELD', {
        field: 'args',
        what: 'belongs to an application; put it into command',
      })
    }
    checkWords('command', request.command)
    return
  }
  if (request.command !== null) {
    throw fault('BAD_FIELD', { field: 'command', what: 'give either an application or a command' })
  }
  checkName('application', request.application)
  checkWords('args', [request.args])
  // Found now, not when its command is put together.
  if (request.args !== '') splitWords(request.args, 'args')
}

function checkPlaces(request: SubmittedRequest): void {
  checkPath('cwd', request.cwd)
  if (request.output.to === 'file') checkPath('output.file', request.output.file)
}

function checkPath(field: string, path: string): void {
  checkText(field, path)
  if (!path.startsWith('/')) throw fault('BAD_FIELD', { field, what: 'must be an absolute path' })
  if (path.length > limits.pathLengthMax) {
    throw fault('BAD_FIELD', {
      field,
      what: `has ${path.length} characters, at most ${limits.pathLengthMax}`,
    })
  }
}

function checkArray(array: { readonly first: number; readonly last: number }): void {
  if (array.last < array.first) {
    throw fault('BAD_FIELD', {
      field: 'array',
      what: `ends at ${array.last}, before ${array.first}`,
    })
  }
  const count = array.last - array.first + 1
  if (count > limits.submissionJobsMax) {
    throw fault('TOO_MANY', {
      what: 'jobs in one submission',
      count,
      max: limits.submissionJobsMax,
    })
  }
}
