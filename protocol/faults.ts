// The catalogue of everything that can go wrong and that a user can see:
// code, message, exit code, what to do.
// A fault is an expected outcome of the outside world; bugs are assertions, never faults.

interface FaultEntry {
  /** What happened; `{name}` is replaced by the fact of that name. */
  readonly message: string
  /** What the user can do. */
  readonly advice: string
  /** Exit code of the CLI (see docs/reference/exit-codes). */
  readonly exit: number
  /** HTTP status of the call. */
  readonly status: number
}

const entry = (exit: number, status: number, message: string, advice: string): FaultEntry => ({
  message,
  advice,
  exit,
  status,
})

/**
 * Exit codes: 0 ok, 1 internal, 2 usage, 3 nothing matched, 4 waited jobs failed, 5 timeout, 6 no
 * daemon, 7 wrong site or version, 8 refused, 9 scheduler.
 */
export const faultCatalogue = {
  INTERNAL: entry(1, 500, 'balsam hit a bug: {what}', 'please report it with the log file {log}'),
  BAD_REQUEST: entry(2, 400, '{what}', 'see balsam help'),
  BAD_FIELD: entry(2, 400, '{field}: {what}', 'correct the value and try again'),
  BAD_JOB_FILE: entry(2, 400, 'the job file can’t be read: {what}', 'correct it and try again'),
  BAD_FLAG: entry(2, 400, '{what}', 'see balsam {verb} --help'),
  BAD_NAME: entry(
    2,
    400,
    '{field} {value} may not be used: {what}',
    'use letters, digits and . _ + @ = - (at most 128)',
  ),
  NO_COMMAND: entry(2, 400, 'there is no command to run', 'balsam submit -- CMD ARGS…'),
  EMPTY_EXECUTABLE: entry(
    2,
    400,
    'the executable of app {name} is empty',
    'balsam app --name {name} --executable "…"',
  ),
  BAD_QUOTING: entry(2, 400, '{field}: {what}', 'close the quote, or escape it with a backslash'),
  NUL_IN_ARGS: entry(
    2,
    400,
    '{field} holds a NUL character, which no program can be given',
    'remove it',
  ),
  ARGS_TOO_LONG: entry(
    2,
    400,
    '{field} is {bytes} bytes long; the system takes at most {max}',
    'put long input into a file',
  ),
  APP_EXISTS: entry(
    2,
    409,
    'there is already an app named {name}',
    'choose another name, or see balsam ls apps',
  ),
  APP_IN_USE: entry(
    8,
    409,
    '{count} jobs of app {name} have not ended',
    'kill or remove them first, or force it: they fail then',
  ),
  APP_UNKNOWN: entry(
    2,
    404,
    'no app is named {name}{hint}',
    'balsam app --name {name} --executable "…" makes it; balsam ls apps lists them',
  ),
  FILE_MISSING: entry(
    2,
    404,
    '{field}: there is no file {file}',
    'make it, or correct the path of the app or the job',
  ),
  JOB_UNKNOWN: entry(3, 404, 'no job is {ref}', 'balsam ls lists the jobs'),
  JOB_AMBIGUOUS: entry(2, 409, 'the name {ref} is that of {count} jobs: {ids}', 'give the id'),
  PARENT_UNKNOWN: entry(
    2,
    404,
    'no job {ref} is there to be a parent of {child}',
    'name a key of the same submission, an id or a name; balsam ls lists the jobs',
  ),
  DEPENDENCY_CYCLE: entry(
    2,
    409,
    'these jobs would wait for each other: {cycle}',
    'leave out one of the dependencies; nothing was changed',
  ),
  CHILD_STARTED: entry(
    8,
    409,
    'job {id} is {state}: parents can be added only before a job starts',
    'add them to a job that waits or is ready; nothing was changed',
  ),
  PARENT_NEEDED: entry(
    8,
    409,
    'job {child} waits for one of these jobs',
    'remove or kill job {child} first, or remove it together with them; nothing was changed',
  ),
  STATE_REFUSED: entry(8, 409, "job {id} is {from} and can't be set to {to}", '{advice}'),
  NOTHING_MATCHED: entry(3, 404, 'no job matches', 'balsam ls shows what there is'),
  NOT_CONFIRMED: entry(8, 403, '{what} needs a yes', 'add --yes'),
  KEY_REUSED: entry(
    2,
    409,
    'the idempotency key {key} was used for another submission',
    'use a new key',
  ),
  TOO_MANY: entry(2, 413, '{what}: {count}, at most {max}', 'split it'),
  JOBS_FAILED: entry(4, 200, '{failed} of {total} jobs failed', 'balsam ls --state FAILED'),
  WAIT_TIMEOUT: entry(
    5,
    200,
    'not done after {seconds} s',
    'the jobs go on; balsam wait waits again',
  ),
  DAEMON_UNREACHABLE: entry(6, 503, 'no balsamd answers for site {site}: {what}', 'balsamd start'),
  DAEMON_START_FAILED: entry(6, 503, 'balsamd did not start: {what}', 'see {log}'),
  DAEMON_RUNNING: entry(8, 409, 'balsamd already runs for this site (pid {pid})', 'balsamd status'),
  DAEMON_ELSEWHERE: entry(
    8,
    409,
    'balsamd for this site runs on {host} (pid {pid})',
    'use it from there; balsamd takeover only when that host is gone for good',
  ),
  AUTOSTART_FORBIDDEN: entry(
    6,
    503,
    'no balsamd runs and {why} forbids to start one',
    'balsamd start',
  ),
  STALE_EPOCH: entry(8, 409, 'another balsamd has taken over this site', 'balsamd status'),
  VERSION_MISMATCH: entry(
    7,
    409,
    'balsam {client} cannot talk to balsamd {daemon}',
    'use the balsam of that version, or balsamd restart with the newer one of both: jobs go on',
  ),
  SITE_MISSING: entry(7, 404, '{path} is not a balsam site', 'balsam init {path}'),
  SITE_EXISTS: entry(8, 409, '{path} is already a balsam site', 'export BALSAM_SITE={path}'),
  SITE_NOT_EMPTY: entry(
    8,
    409,
    '{path} is not empty and not a balsam site',
    'choose another directory',
  ),
  SITE_NOT_WRITABLE: entry(
    8,
    403,
    '{path} cannot be written: {what}',
    'check owner and permissions',
  ),
  SITE_MOVED: entry(
    8,
    409,
    '{path} was moved here from {from} while allocations of it live ({ids})',
    'move it back and end them with balsamd stop, or wait for their end, before it is moved',
  ),
  SITE_AMBIGUOUS: entry(2, 409, '{text} fits several sites: {sites}', 'give more of the path'),
  SOCKET_PATH_TOO_LONG: entry(
    8,
    400,
    'the socket path {path} has {bytes} bytes, at most {max} work',
    'set XDG_RUNTIME_DIR to a shorter directory',
  ),
  SOCKET_DIRECTORY_UNSAFE: entry(
    8,
    403,
    '{path} is not safe for a socket: {what}',
    'remove it, or make it yours with mode 0700',
  ),
  DATABASE_INVALID: entry(
    8,
    500,
    '{path} is not a balsam database: {what}',
    'restore a backup with balsam site restore',
  ),
  DATABASE_NEWER: entry(
    7,
    409,
    '{path} was written by a newer balsam (schema {found}, this one knows {known})',
    'use the newer balsam; nothing was changed',
  ),
  DATABASE_LOCKED: entry(8, 409, '{path} is in use by another process', 'balsamd status'),
  STORAGE_REFUSED: entry(
    8,
    507,
    'the database could not be written: {what}',
    'free space or quota; balsamd goes on by itself',
  ),
  STORAGE_PROBE_FAILED: entry(
    8,
    500,
    '{path} is not fit for a database: {what}',
    'choose a directory on another file system',
  ),
  DRIVER_MISSING: entry(
    1,
    500,
    'no SQLite driver can be loaded: {what}',
    'npm rebuild sqlite3, or use Node 22.18 or newer',
  ),
  SETTING_UNKNOWN: entry(
    2,
    400,
    '{file}: there is no setting {name}{hint}',
    'balsam config show lists them',
  ),
  SETTING_INVALID: entry(2, 400, '{file}: {name} = {value}: {what}', 'correct it'),
  SETTING_DROPPED: entry(
    2,
    400,
    'setting {name} of Balsam 0.3 has no counterpart: {what}',
    'remove it',
  ),
  SCHEDULER_UNKNOWN: entry(9, 400, 'no scheduler is named {name}', 'known: {known}'),
  SCHEDULER_SUBMIT_REFUSED: entry(
    9,
    502,
    'the {scheduler} scheduler refused the allocation: {said}',
    'correct the request and submit again',
  ),
  ALLOCATION_UNKNOWN: entry(3, 404, 'no allocation is {ref}', 'balsam ls queues'),
  OUTPUT_MISSING: entry(3, 404, 'job {id} has no output: {what}', 'balsam show {id}'),
  NOT_IN_A_TASK: entry(
    2,
    400,
    'there is no current job: this is no task (BALSAM_JOB_ID is not set)',
    'name the job by id or name',
  ),
  NOT_SOURCED: entry(2, 400, '{script} must be sourced', 'source {script}'),
  NOT_AUTHENTICATED: entry(
    8,
    401,
    'the peer did not prove who it is',
    'use the key of the allocation',
  ),
  FORBIDDEN: entry(8, 403, '{what}', 'use a token of your own job'),
  FRAME_INVALID: entry(
    1,
    400,
    'a frame was malformed: {what}',
    'use one version of balsam everywhere',
  ),
  LAUNCHER_REFUSED: entry(7, 409, 'the daemon refused the launcher: {what}', 'balsamd status'),
  DRAINING: entry(8, 503, 'balsamd is stopping', 'try again when it runs'),
  UNSUPPORTED: entry(2, 400, '{what} is not supported yet', 'see docs/reference/balsam-0.3-parity'),
  CALL_UNKNOWN: entry(
    7,
    404,
    'this balsamd has no call {method} {path}',
    'use one version of balsam everywhere',
  ),
  SETTINGS_UNREADABLE: entry(2, 400, '{file} is not valid TOML: {what}', 'correct it'),
  RESTORE_REFUSED: entry(
    8,
    409,
    '{file} cannot be restored: {what}',
    'see balsam site restore --help',
  ),
  NOTHING_LOGGED: entry(3, 404, 'there is no log in {path} yet', 'balsamd start'),
  LISTEN_FAILED: entry(
    7,
    503,
    'balsamd cannot listen on {address}: {what}',
    'balsam config set links.listen HOST:PORT, or "" for no network',
  ),
} as const satisfies Record<string, FaultEntry>

/** A code of the catalogue. */
export type FaultCode = keyof typeof faultCatalogue

/** Facts that fill a fault's message; all are shown to the user. */
export type FaultFacts = Readonly<Record<string, string | number>>

/** An expected failure with its catalogue code. */
export class Fault extends Error {
  readonly code: FaultCode
  readonly facts: FaultFacts
  constructor(code: FaultCode, facts: FaultFacts) {
    super(fill(faultCatalogue[code].message, facts))
    this.name = 'Fault'
    this.code = code
    this.facts = facts
  }
  /** What the user can do. */
  get advice(): string {
    return fill(faultCatalogue[this.code].advice, this.facts)
  }
  /** Exit code of a CLI that ends because of it. */
  get exit(): number {
    return faultCatalogue[this.code].exit
  }
  /** HTTP status of a call that ends because of it. */
  get status(): number {
    return faultCatalogue[this.code].status
  }
}

/** Makes a fault to throw. */
export function fault(code: FaultCode, facts: FaultFacts = {}): Fault {
  return new Fault(code, facts)
}

/** What goes over a call's wire for a fault. */
export interface FaultBody {
  readonly error: {
    readonly code: FaultCode
    readonly facts: FaultFacts
    readonly message: string
    readonly advice: string
  }
}

/** The wire form of a fault. */
export function faultBody(error: Fault): FaultBody {
  return {
    error: { code: error.code, facts: error.facts, message: error.message, advice: error.advice },
  }
}

function fill(template: string, facts: FaultFacts): string {
  return template.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    escapeControls(String(facts[name] ?? '')),
  )
}

/** Control characters shown as \xNN, so that no name can drive a terminal. */
export function escapeControls(text: string): string {
  return text.replaceAll(
    /[\u0000-\u001f\u007f-\u009f]/g,
    (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`,
  )
}
