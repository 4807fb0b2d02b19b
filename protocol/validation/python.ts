// A call of a Python function within a job request: its shape and its rules.
// Must never look into the payload: only client and worker understand it.
import { z } from 'zod'
import { fault } from '../faults.ts'
import type { PythonCall, SubmittedRequest } from '../job.ts'
import { limits } from '../limits.ts'
import { checkText } from './text.ts'

/** Shape of `python`. */
export const pythonShape = z.strictObject({
  interpreter: z.string(),
  payload: z.string().max(limits.pythonPayloadLengthMax),
  context: z.string().max(limits.pathLengthMax),
  resultFile: z.string(),
})

/** BAD_FIELD for a call that no worker could serve. */
export function checkPython(request: SubmittedRequest, call: PythonCall): void {
  if (request.command !== null || request.application !== null || request.args !== '') {
    const what = 'is the whole of what runs: give no command, application or args beside it'
    throw fault('BAD_FIELD', { field: 'python', what })
  }
  if (request.array !== null) {
    throw fault('BAD_FIELD', { field: 'array', what: 'is not for python: its calls all differ' })
  }
  checkText('python.context', call.context)
  for (const field of ['interpreter', 'resultFile'] as const) {
    checkText(`python.${field}`, call[field])
    if (!call[field].startsWith('/') || call[field].length > limits.pathLengthMax) {
      throw fault('BAD_FIELD', { field: `python.${field}`, what: 'must be an absolute path' })
    }
  }
}
