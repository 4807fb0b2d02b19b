// Where a site's and a user's settings are, and reading them.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fault } from '../../protocol/faults.ts'
import type { SettingsFile, SettingsRead } from '../../protocol/settings-files.ts'
import { readSettings } from '../../protocol/settings-files.ts'
import { siteLayout } from '../../protocol/site-files.ts'
import type { Environment } from '../sdk/find-site.ts'
import { configDirectory } from '../sdk/find-site.ts'
import { reason } from '../sdk/site.ts'

/** The user's file; the site's goes over it. */
export function userSettingsFile(env: Environment): string {
  return join(configDirectory(env), siteLayout.settings)
}

/** The site's file. */
export function siteSettingsFile(site: string): string {
  return join(site, siteLayout.settings)
}

/** The settings that hold for a site. A file that exists but can't be read is an error. */
export async function settingsFor(site: string, env: Environment): Promise<SettingsRead> {
  const paths = [userSettingsFile(env), siteSettingsFile(site)]
  const files = paths.flatMap((path): SettingsFile[] => {
    const text = readIfThere(path)
    return text === undefined ? [] : [{ path, text }]
  })
  return await readSettings(files)
}

/** The file's text, or undefined when there is no such file. */
export function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw fault('SETTINGS_UNREADABLE', { file: path, what: reason(error) })
  }
}
