// The daemon's settings: the site's config.toml over the user's, read once at its start.
// Must never go on with a file that is not understood as a whole.
import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fault } from '../../protocol/faults.ts'
import { type Settings, toSettings } from '../../protocol/settings.ts'
import { readSettings, type SettingsFile } from '../../protocol/settings-files.ts'
import { siteLayout } from '../../protocol/site-files.ts'

/** The settings of a site. SETTINGS_UNREADABLE, SETTING_UNKNOWN, SETTING_INVALID … */
export async function settingsOf(
  site: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Settings> {
  const files = [join(userDirectory(env), siteLayout.settings), join(site, siteLayout.settings)]
  const { values, origins } = await readSettings(files.flatMap(fileIfThere))
  const settings = toSettings(values)
  if (settings.launcherLink === 'tls' && settings.listen === null) {
    throw fault('SETTING_INVALID', {
      file: origins['launcher.link'] ?? '',
      name: 'launcher.link',
      value: '"tls"',
      what: 'it needs an address in links.listen, such as "127.0.0.1:0"',
    })
  }
  return settings
}

/** As the command line finds it (client/sdk/find-site.ts). */
function userDirectory(env: Readonly<Record<string, string | undefined>>): string {
  const base = env['XDG_CONFIG_HOME']
  const home = env['HOME'] || homedir()
  return join(base?.startsWith('/') ? base : join(home, '.config'), 'balsam')
}

function fileIfThere(path: string): SettingsFile[] {
  try {
    return [{ path, text: readFileSync(path, 'utf8') }]
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    const what = error instanceof Error ? error.message : String(error)
    throw fault('SETTINGS_UNREADABLE', { file: path, what })
  }
}
