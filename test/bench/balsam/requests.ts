// Job requests as a program would make them: all different, or one alone.
import type { JobRequest } from '../../../client/sdk/index.ts'

/** One plain command without output. */
export function request(name: string, workflow: string, command: readonly string[]): JobRequest {
  return {
    name,
    workflow,
    application: null,
    args: '',
    command,
    description: '',
    environment: {},
    resources: { cpus: 1, nodePackingCount: 1 },
    priority: 0,
    maxRetries: 0,
    wallTimeMinutes: 1,
    output: { to: 'none' },
    cwd: '/tmp',
    array: null,
  }
}

/** `count` requests, each with a name, words and priority of its own, numbered from `first`. */
export function different(first: number, count: number, workflow: string): JobRequest[] {
  return Array.from({ length: count }, (_, index) => {
    const number = first + index
    const command = ['simulate', '--seed', String(number), '--in', `sample-${number}.dat`]
    return { ...request(`${workflow}-${number}`, workflow, command), priority: number % 7 }
  })
}

/** The same, each but the first with the two before it as parents, by key. */
export function layered(count: number, workflow: string): JobRequest[] {
  return different(0, count, workflow).map((job, index) => ({
    ...job,
    key: `k${index}`,
    parents: [index - 1, Math.floor(index / 2)].flatMap((parent, place, all) =>
      parent < 0 || parent === index || all.indexOf(parent) < place ? [] : [`k${parent}`],
    ),
  }))
}

/** A chain of jobs that do the same: each waits for the one before. */
export function chain(count: number, workflow: string, command: readonly string[]): JobRequest[] {
  return Array.from({ length: count }, (_, index) => ({
    ...request('hop', workflow, command),
    key: `k${index}`,
    ...(index === 0 ? {} : { parents: [`k${index - 1}`] }),
  }))
}
