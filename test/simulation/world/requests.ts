// What a campaign submits: arrays and different jobs, some with hooks and transfers.
// Must draw the same requests from the same random numbers.
import type { JobRequest } from '../../../protocol/job.ts'
import type { Randomness } from '../../../protocol/ports.ts'

/** The requests of a campaign's submission of this number. */
export function randomRequests(index: number, random: Randomness): JobRequest[] {
  const upTo = (count: number): number => Math.floor(random.next() * count)
  const base: JobRequest = {
    name: `s${index}`,
    workflow: `w${index % 2}`,
    application: null,
    args: '',
    command: ['true'],
    description: '',
    environment: {},
    resources: { cpus: 1 + upTo(2), nodePackingCount: 1 },
    priority: upTo(2),
    maxRetries: upTo(3),
    wallTimeMinutes: 1,
    output: { to: 'none' },
    cwd: '/',
    array: null,
    ...hooks(random),
  }
  if (random.next() < 0.5) {
    const array = { ...base, array: { first: 1, last: 3 + upTo(25) } }
    return upTo(2) === 0 ? [array] : [array, { ...base, name: 'one' }, { ...array, name: 'b' }]
  }
  return Array.from({ length: 1 + upTo(12) }, (_, number) => ({
    ...base,
    name: `s${index}x${number}`,
    priority: (base.priority + number) % 3,
  }))
}

/** Two campaigns in five have hooks and transfers, of all kinds. */
function hooks(random: Randomness): Partial<JobRequest> {
  if (random.next() < 0.6) return {}
  const maybe = (parts: Partial<JobRequest>): Partial<JobRequest> =>
    random.next() < 0.5 ? parts : {}
  return {
    ...maybe({ stageInUrl: 'local:/in' }),
    ...maybe({ preprocess: 'pre' }),
    ...maybe({ postprocess: 'post', postErrorHandler: true, postTimeoutHandler: true }),
    ...maybe({ stageOutUrl: 'local:/out', stageOutFiles: ['*'] }),
  }
}
