// balsam which: the site in use and why; --list all known ones; --name the one that a text means.
import { existsSync } from 'node:fs'
import { basename } from 'node:path'
import type { findSite } from '../../sdk/find-site.ts'
import { knownSites, rememberSite, siteByText } from '../../sdk/known-sites.ts'
import { lookForDaemon } from '../../sdk/reach.ts'
import { isSite, readSite } from '../../sdk/site.ts'
import { isGiven, textOf } from '../options.ts'
import { type Column, renderTable } from '../show/table.ts'
import type { Context, Parsed, Verb } from '../verb.ts'

interface SiteRow {
  readonly path: string
  readonly name: string
  readonly is_active: boolean
  readonly why: string
  readonly daemon: string
}

const columns: readonly Column<SiteRow>[] = [
  { header: 'active', importance: 1, cell: (row) => (row.is_active ? '*' : '') },
  { header: 'name', importance: 1, cell: (row) => row.name },
  { header: 'path', importance: 2, cell: (row) => row.path },
  { header: 'daemon', importance: 3, cell: (row) => row.daemon },
]

/** The verb. */
export const which: Verb = {
  declare(command) {
    command
      .option('--list', 'all known sites')
      .option('--name <TEXT>', 'the path of the one site that this path or part of it means')
  },
  async run(context, parsed) {
    const text = textOf(parsed, 'name')
    if (text !== undefined) return await printNamed(context, parsed, text)
    return isGiven(parsed, 'list') ? await printAll(context, parsed) : printActive(context, parsed)
  },
}

async function printNamed(context: Context, parsed: Parsed, text: string): Promise<number> {
  const { env, cwd } = context.terminal
  const path = await siteByText(text, env, cwd)
  await rememberSite(path, env)
  printOne(context, parsed, path, 'argument')
  return 0
}

function printActive(context: Context, parsed: Parsed): number {
  const { path, why } = context.site()
  printOne(context, parsed, path, why)
  const made = existsSync(path) ? '' : '; it is made on first use'
  if (!isGiven(parsed, 'json')) context.say(`balsam: chosen by ${why}${made}`)
  return 0
}

function printOne(context: Context, parsed: Parsed, path: string, why: string): void {
  if (isGiven(parsed, 'json')) {
    const siteId = readSite(path)?.siteId ?? null
    const document = { schema: 'balsam.site/1', path, why, site_id: siteId, daemon: daemonOf(path) }
    context.print(`${JSON.stringify(document)}\n`)
  } else context.print(`${path}\n`)
}

async function printAll(context: Context, parsed: Parsed): Promise<number> {
  const { env } = context.terminal
  const active = activeSite(context)
  const paths = new Set(await knownSites(env))
  // The site in use is listed even when nobody has put it into the index.
  if (active !== undefined && isSite(active.path)) paths.add(active.path)
  const items = [...paths].map((path) => ({
    path,
    name: basename(path),
    is_active: path === active?.path,
    why: path === active?.path ? active.why : '',
    daemon: daemonOf(path),
  }))
  if (isGiven(parsed, 'json')) {
    const document = { schema: 'balsam.sites/1', items, total: items.length, truncated: false }
    context.print(`${JSON.stringify(document)}\n`)
  } else context.print(renderTable(items, columns, context.look))
  return 0
}

/** A BALSAM_SITE that is no site must not keep the others from being listed. */
function activeSite(context: Context): ReturnType<typeof findSite> | undefined {
  try {
    return context.site()
  } catch {
    return undefined
  }
}

function daemonOf(path: string): string {
  if (!isSite(path)) return 'not running'
  const found = lookForDaemon(path)
  if (found.is === 'alive') return `running (pid ${found.server.pid})`
  return found.is === 'elsewhere' ? `on ${found.server.host}` : 'not running'
}
