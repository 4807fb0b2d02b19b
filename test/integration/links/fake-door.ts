// A core that remembers what came through its door and answers from a table. For tests of the
// links.
import type { Door, LauncherLink, LauncherPeer, WaitListener } from '../../../daemon/links/door.ts'
import { fault } from '../../../protocol/faults.ts'
import type { JobFilter, SubmittedRequest } from '../../../protocol/job.ts'

/** What the fake door has seen. */
export interface Seen {
  readonly requests: SubmittedRequest[]
  readonly calls: (readonly [name: string, ...values: unknown[]])[]
  readonly digests: string[]
  readonly waits: {
    readonly filter: JobFilter
    readonly listener: WaitListener
    isCancelled: boolean
  }[]
  readonly launchers: {
    readonly link: LauncherLink
    readonly peer: LauncherPeer
    readonly frames: Uint8Array[]
    readonly closed: string[]
  }[]
  abandoned: number
  finished: number
}

/** A fake door; `changes` replaces some of its answers. */
export function fakeDoor(changes: Partial<Door> = {}): {
  readonly door: Door
  readonly seen: Seen
} {
  const seen: Seen = {
    requests: [],
    calls: [],
    digests: [],
    waits: [],
    launchers: [],
    abandoned: 0,
    finished: 0,
  }
  const absent = (name: string) => (): never => {
    throw fault('UNSUPPORTED', { what: name })
  }
  const door: Door = {
    status: absent('status'),
    check: absent('check'),
    stop: async (mode) => {
      seen.calls.push(['stop', mode])
    },
    apps: async () => [],
    addApp: async (app) => app,
    putApp: async (app) => {
      seen.calls.push(['putApp', app])
      return app
    },
    removeApp: async (name, isForced) => {
      seen.calls.push(['removeApp', name, isForced])
    },
    modify: async (request) => {
      seen.calls.push(['modify', request])
      return { schema: 'balsam.modify/1', modified: 0, dry_run: false }
    },
    retry: async (request) => {
      seen.calls.push(['retry', request])
      return { schema: 'balsam.retry/1', retried: 0, causes: {}, dry_run: false }
    },
    beginSubmission: () => ({
      push: async (requests) => {
        seen.requests.push(...requests)
      },
      finish: async (digest) => {
        seen.finished += 1
        seen.digests.push(digest)
        const total = seen.requests.length
        return { schema: 'balsam.submission/1', ranges: [[1, total]], total, isRepeat: false }
      },
      abandon: () => {
        seen.abandoned += 1
      },
    }),
    list: async (filter, after, limit) => {
      seen.calls.push(['list', filter, after, limit])
      return { schema: 'balsam.jobs/1', items: [], total: 0, truncated: false, next: null }
    },
    query: async (request) => {
      seen.calls.push(['query', request])
      return { schema: 'balsam.jobs/1', items: [], total: 0, truncated: false, next: null }
    },
    job: async (ref) => {
      throw fault('JOB_UNKNOWN', { ref })
    },
    tally: async (filter) => {
      seen.calls.push(['tally', filter])
      return { schema: 'balsam.tally/1', total: 0, states: {} }
    },
    workflows: async (after, limit) => {
      seen.calls.push(['workflows', after, limit])
      return { schema: 'balsam.workflows/1', items: [], total: 0, truncated: false, next: null }
    },
    history: absent('history'),
    events: absent('events'),
    wait: (filter, listener) => {
      const wait = { filter, listener, isCancelled: false }
      seen.waits.push(wait)
      return () => {
        wait.isCancelled = true
      }
    },
    kill: async (filter, graceMs, isRecursive) => {
      seen.calls.push(['kill', filter, graceMs, ...(isRecursive === true ? [isRecursive] : [])])
      return { schema: 'balsam.kill/1', killed: 0, already_ended: 0 }
    },
    addDependencies: async ({ edges }) => {
      seen.calls.push(['addDependencies', edges])
      return { schema: 'balsam.edges/1', added: edges.length }
    },
    async *edges(filter) {
      seen.calls.push(['edges', filter])
      yield [
        { parent: 1, child: 2 },
        { parent: 1, child: 3 },
      ]
      yield [{ parent: 2, child: 3 }]
    },
    remove: async (filter, isDryRun) => {
      seen.calls.push(['remove', filter, isDryRun])
      return { schema: 'balsam.remove/1', removed: 0, dry_run: isDryRun }
    },
    allocations: async () => [],
    requestAllocation: absent('requestAllocation'),
    cancelAllocation: (id) => {
      throw fault('ALLOCATION_UNKNOWN', { ref: id })
    },
    launchers: async () => [],
    registerForeign: absent('registerForeign'),
    backup: async (file) => ({ file, bytes: 1 }),
    forTask: absent('forTask'),
    launcherConnected: (link, peer) => {
      const frames: Uint8Array[] = []
      const closed: string[] = []
      seen.launchers.push({ link, peer, frames, closed })
      return {
        onFrame: (frame) => {
          frames.push(Uint8Array.from(frame))
        },
        onClose: (reason) => {
          closed.push(reason)
        },
      }
    },
    ...changes,
  }
  return { door, seen }
}
