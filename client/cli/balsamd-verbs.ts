// The verbs of balsamd as users type them. The daemon itself is another program (daemon/main.ts).
import type { VerbEntry } from './verb.ts'

/** Every verb of balsamd. */
export const balsamdVerbs: readonly VerbEntry[] = [
  {
    name: 'start',
    group: 'manage',
    summary: 'start the daemon unless it runs',
    load: async () => (await import('./balsamd/start.ts')).start,
  },
  {
    name: 'stop',
    group: 'manage',
    summary: 'stop the daemon and end local allocations',
    load: async () => (await import('./balsamd/stop.ts')).stop,
  },
  {
    name: 'restart',
    group: 'manage',
    summary: 'stop and start the daemon; allocations and jobs go on',
    load: async () => (await import('./balsamd/restart.ts')).restart,
  },
  {
    name: 'status',
    group: 'manage',
    summary: 'is it running, and how is it',
    load: async () => (await import('./balsamd/status.ts')).status,
  },
  {
    name: 'run',
    group: 'manage',
    summary: 'be the daemon, in the foreground',
    load: async () => (await import('./balsamd/run.ts')).run,
  },
  {
    name: 'takeover',
    group: 'manage',
    summary: 'serve the site although another host’s daemon has it',
    load: async () => (await import('./balsamd/takeover.ts')).takeover,
  },
]
