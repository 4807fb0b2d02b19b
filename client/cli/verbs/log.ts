// balsam log: the logs of daemon and launchers; follows them on a terminal, as Balsam 0.3 does.
// Works without a daemon: it is most wanted when none starts.
import { existsSync, readdirSync } from 'node:fs'
import { join, relative } from 'node:path'
import { runFiles } from '../../../protocol/allocation-file.ts'
import { fault } from '../../../protocol/faults.ts'
import { siteLayout } from '../../../protocol/site-files.ts'
import type { FollowedFile } from '../files/follow.ts'
import { followFile, startOfLastLines } from '../files/follow.ts'
import { integerOf, isGiven } from '../options.ts'
import { realClock } from '../ports/clock.ts'
import { logLine, logRecord } from '../show/log-line.ts'
import type { Context, Parsed, Verb } from '../verb.ts'

const lookMs = 200

/** The verb. */
export const log: Verb = {
  declare(command) {
    command
      .option('--daemon', 'only the daemon’s')
      .option('--launcher <ALLOCATION>', 'only that of the launchers of this allocation')
      .option('-n, --lines <N>', 'begin with the last N lines of each', '20')
      .option('-f, --follow', 'go on until Ctrl-C (on a terminal that is the default)')
      .option('--no-follow', 'only what is there')
      .option('--raw', 'lines as they are in the files')
  },
  async run(context, parsed) {
    const site = context.siteDirectory()
    const lines = integerOf(parsed, 'lines', 0) ?? 20
    const files = new Map<string, Followed>()
    const isFollowing = followsOf(context, parsed)
    const stop = new AbortController()
    const release = context.terminal.onInterrupt(() => stop.abort())
    try {
      do {
        for (const path of logFiles(site, parsed)) {
          if (!files.has(path)) files.set(path, begin(path, lines))
        }
        if (files.size === 0 && !isFollowing) {
          throw fault('NOTHING_LOGGED', { path: join(site, siteLayout.log) })
        }
        if (isGiven(parsed, 'json') && !isFollowing) printDocument(context, site, files)
        else printNew(context, site, files, isGiven(parsed, 'raw') || isGiven(parsed, 'json'))
        if (isFollowing) await realClock.sleep(lookMs, stop.signal)
      } while (isFollowing && !stop.signal.aborted)
    } finally {
      release()
    }
    return stop.signal.aborted ? 130 : 0
  },
}

interface Followed {
  readonly file: FollowedFile
  /** The byte at which it is begun. */
  readonly start: number
  rest: string
}

function begin(path: string, lines: number): Followed {
  const start = startOfLastLines(path, lines)
  return { file: followFile(path, start), start, rest: '' }
}

function followsOf(context: Context, parsed: Parsed): boolean {
  const asked = parsed.options['follow']
  return typeof asked === 'boolean' ? asked : context.look.isTty
}

/** Each file's whole new lines; the file is named when there are several. */
function printNew(
  context: Context,
  site: string,
  files: ReadonlyMap<string, Followed>,
  isRaw: boolean,
): void {
  for (const [path, followed] of files) {
    followed.file.readMore((text) => {
      const lines = `${followed.rest}${text}`.split('\n')
      followed.rest = lines.pop() ?? ''
      const name = files.size > 1 && !isRaw ? `${relative(site, path)}: ` : ''
      const shown = lines.map((line) => `${name}${isRaw ? line : logLine(line, context.look)}\n`)
      context.print(shown.join(''))
    })
  }
}

/** All of it as one document; following has no end, so there each record is a line of its own. */
function printDocument(context: Context, site: string, files: ReadonlyMap<string, Followed>): void {
  const items: object[] = []
  let isCut = false
  for (const [path, { file, start }] of files) {
    isCut ||= start > 0
    let text = ''
    file.readMore((more) => {
      text += more
    })
    const lines = text.split('\n').filter((line) => line !== '')
    items.push(...lines.map((line) => ({ file: relative(site, path), ...logRecord(line) })))
  }
  const total = items.length
  const document = { schema: 'balsam.log/1', items, total, truncated: isCut }
  context.print(`${JSON.stringify(document)}\n`)
}

function logFiles(site: string, parsed: Parsed): string[] {
  const launcher = integerOf(parsed, 'launcher', 1)
  if (launcher !== undefined) {
    return [join(site, siteLayout.allocation(launcher), runFiles.log)].filter(existsSync)
  }
  if (isGiven(parsed, 'daemon')) return [join(site, siteLayout.daemonLog)].filter(existsSync)
  const inLog = namesIn(join(site, siteLayout.log))
    .filter((name) => name.endsWith('.log'))
    .map((name) => join(site, siteLayout.log, name))
  const ofRuns = namesIn(join(site, siteLayout.run)).map((name) =>
    join(site, siteLayout.run, name, runFiles.log),
  )
  return [...inLog, ...ofRuns.filter(existsSync)].sort()
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch {
    return []
  }
}
