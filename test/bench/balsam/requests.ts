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
