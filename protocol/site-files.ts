// What lies in a site directory: names, contents of site.json and server.json, and their checks.
// Pure: reading and writing the files is done by daemon and client, each in its own place.

/** Names within a site directory. */
export const siteLayout = {
  /** Identity of the site; a directory is a site when it has it. */
  site: 'site.json',
  /** Written by the daemon when it is ready, removed when it stops in order. */
  server: 'server.json',
  /** Who is just starting a daemon; a fast path only, the daemon itself excludes a second one. */
  starting: 'starting.json',
  settings: 'config.toml',
  database: 'balsam.db',
  data: 'data',
  log: 'log',
  daemonLog: 'log/balsamd.log',
  /** What a daemon that was started unseen says outside of its log: its last words. */
  daemonErrors: 'log/balsamd.err',
  run: 'run',
  backup: 'backup',
  /** Run directory of an allocation. */
  allocation: (id: number): string => `run/allocation-${id}`,
} as const

/** Version of site.json itself. */
export const siteFileVersion = 1

/** Content of site.json. */
export interface SiteFile {
  readonly siteId: string
  /** Directory, device and inode when it was written: they tell a copy from the original. */
  readonly path: string
  readonly device: number
  readonly inode: number
  /** ISO 8601 UTC. */
  readonly createdAt: string
  readonly version: number
}

/** Where a site directory is now, by realpath and stat. */
export interface DirectoryIdentity {
  readonly path: string
  readonly device: number
  readonly inode: number
}

/** Content of server.json: who serves the site. */
export interface ServerFile {
  readonly siteId: string
  readonly host: string
  readonly bootId: string
  readonly pid: number
  /** Start time of the process in clock ticks since boot (field 22 of /proc/PID/stat). */
  readonly startTime: number
  readonly socket: string
  readonly epoch: number
  readonly version: string
  /** ISO 8601 UTC. */
  readonly startedAt: string
}

/** Content of site.json, or undefined when the text is not that of a site. */
export function parseSiteFile(text: string): SiteFile | undefined {
  const value = parseObject(text)
  if (value === undefined) return undefined
  const { siteId, path, device, inode, createdAt, version } = value
  if (typeof siteId !== 'string' || siteId === '' || typeof version !== 'number') return undefined
  if (typeof device !== 'number' || typeof inode !== 'number') return undefined
  return {
    siteId,
    path: typeof path === 'string' ? path : '',
    device,
    inode,
    createdAt: typeof createdAt === 'string' ? createdAt : '',
    version,
  }
}

/** Content of server.json, or undefined when it is none (a torn or foreign file). */
export function parseServerFile(text: string): ServerFile | undefined {
  const value = parseObject(text)
  if (value === undefined) return undefined
  const { siteId, host, bootId, pid, startTime, socket, epoch, version, startedAt } = value
  if (typeof host !== 'string' || typeof socket !== 'string' || typeof pid !== 'number')
    return undefined
  return {
    siteId: typeof siteId === 'string' ? siteId : '',
    host,
    bootId: typeof bootId === 'string' ? bootId : '',
    pid,
    startTime: typeof startTime === 'number' ? startTime : 0,
    socket,
    epoch: typeof epoch === 'number' ? epoch : 0,
    version: typeof version === 'string' ? version : '',
    startedAt: typeof startedAt === 'string' ? startedAt : '',
  }
}

/**
 * Is this directory the site that site.json was written for, or a copy of it?
 * The inode decides: a move within a file system keeps it and a copy cannot. Device numbers of
 * network file systems change with mounts and hosts, so another device is accepted where the path
 * is still the same. A copy must get a new id and never adopt the original's allocations.
 */
export function judgeSite(file: SiteFile, now: DirectoryIdentity): 'same' | 'moved' | 'copied' {
  if (file.inode !== now.inode) return 'copied'
  if (file.path === now.path) return 'same'
  return file.device === now.device ? 'moved' : 'copied'
}

/** A site.json for this directory; `siteId` is new for a new site and for a copy. */
export function makeSiteFile(siteId: string, now: DirectoryIdentity, createdAt: string): SiteFile {
  return { siteId, ...now, createdAt, version: siteFileVersion }
}

/** The text of a JSON file in a site directory. */
export function fileText(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    // A border: the fields are checked one by one by the caller.
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}
