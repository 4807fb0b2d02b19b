// The calls with one JSON answer: path and method → check of the input → the core's door.
// Used for HTTP and for calls relayed by launchers; streams (submit, wait) are not here.

import type { ListOf } from '../../protocol/calls.ts'
import { paths } from '../../protocol/calls.ts'
import { fault } from '../../protocol/faults.ts'
import { limits } from '../../protocol/limits.ts'
import { checkAppSpec } from '../../protocol/validation/app.ts'
import { checkModify, checkRetry } from '../../protocol/validation/changes.ts'
import { integer, readJobQuery } from '../../protocol/validation/filter.ts'
import { checkJobQuery } from '../../protocol/validation/query.ts'
import {
  checkAllocation,
  checkBackup,
  checkEdges,
  checkForeign,
  checkKill,
  checkRemove,
  checkStop,
} from '../../protocol/validation/requests.ts'
import type { Door } from './door.ts'

/** A call without its transport. */
export interface Call {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  /** Parsed JSON; {} when there was no body. */
  readonly body: unknown
}

type Handler = (door: Door, call: Call) => Promise<unknown>

const handlers: Readonly<Record<string, Handler>> = {
  [`GET ${paths.status}`]: (door) => door.status(),
  [`GET ${paths.check}`]: (door) => door.check(),
  [`POST ${paths.stop}`]: async (door, call) => {
    await door.stop(checkStop(call.body))
    return {}
  },
  [`GET ${paths.apps}`]: async (door) => listOf('balsam.apps/1', await door.apps()),
  [`POST ${paths.apps}`]: (door, call) => door.addApp(checkAppSpec(call.body)),
  [`GET ${paths.jobs}`]: (door, call) => {
    const { filter, after, limit } = readJobQuery(call.query)
    return door.list(filter, after, limit)
  },
  [`POST ${paths.query}`]: (door, call) => door.query(checkJobQuery(call.body)),
  [`GET ${paths.tally}`]: (door, call) => door.tally(readJobQuery(call.query).filter),
  [`GET ${paths.workflows}`]: (door, call) => {
    const limit = integer('limit', call.query.get('limit') ?? String(limits.pageJobsMax), 1)
    return door.workflows(call.query.get('after') ?? '', Math.min(limit, limits.pageJobsMax))
  },
  [`POST ${paths.kill}`]: (door, call) => {
    const { filter, graceMs, isRecursive } = checkKill(call.body)
    return door.kill(filter, graceMs ?? null, isRecursive ?? false)
  },
  [`POST ${paths.dependencies}`]: (door, call) => door.addDependencies(checkEdges(call.body)),
  [`POST ${paths.modify}`]: (door, call) => door.modify(checkModify(call.body)),
  [`POST ${paths.retry}`]: (door, call) => door.retry(checkRetry(call.body)),
  [`POST ${paths.remove}`]: (door, call) => {
    const { filter, isDryRun } = checkRemove(call.body)
    return door.remove(filter, isDryRun)
  },
  [`GET ${paths.allocations}`]: async (door) =>
    listOf('balsam.allocations/1', await door.allocations()),
  [`POST ${paths.allocations}`]: (door, call) => door.requestAllocation(checkAllocation(call.body)),
  [`GET ${paths.launchers}`]: async (door) => listOf('balsam.launchers/1', await door.launchers()),
  [`POST ${paths.launchers}`]: (door, call) => door.registerForeign(checkForeign(call.body)),
  [`POST ${paths.backup}`]: (door, call) => door.backup(checkBackup(call.body)),
}

/** Answers one call. CALL_UNKNOWN when there is none of that method and path. */
export async function answerCall(door: Door, call: Call): Promise<unknown> {
  const key = `${call.method} ${call.path}`
  const handler = Object.hasOwn(handlers, key) ? handlers[key] : undefined
  if (handler !== undefined) return await handler(door, call)
  const ref = after(paths.job, call.path)
  if (ref !== null && call.method === 'GET') return await door.job(ref)
  const app = after(paths.app, call.path)
  if (app !== null && call.method === 'PUT') {
    return await door.putApp(checkAppSpec({ ...asObject(call.body), name: app }))
  }
  if (app !== null && call.method === 'DELETE') {
    await door.removeApp(app, call.query.get('force') === '1')
    return {}
  }
  const cancelled = /^\/([^/]+)\/cancel$/.exec(`/${after(paths.allocation, call.path) ?? ''}`)?.[1]
  if (cancelled !== undefined && call.method === 'POST') {
    return await door.cancelAllocation(integer('allocation', cancelled, 1))
  }
  throw fault('CALL_UNKNOWN', { method: call.method.slice(0, 10), path: call.path.slice(0, 100) })
}

function asObject(value: unknown): object {
  return typeof value === 'object' && value !== null ? value : {}
}

/**
 * The decoded rest of a path after a prefix that ends in a slash; null when it is another path or
 * empty.
 */
function after(prefix: string, path: string): string | null {
  if (!path.startsWith(prefix) || path.length === prefix.length) return null
  try {
    return decodeURIComponent(path.slice(prefix.length))
  } catch {
    throw fault('BAD_REQUEST', { what: 'the path is not valid percent-encoding' })
  }
}

function listOf<Item>(schema: string, items: readonly Item[]): ListOf<Item> {
  return { schema, items, total: items.length, truncated: false }
}
