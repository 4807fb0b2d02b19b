// The built product as a user finds it: the programs in bin/, and nothing of their inside.
// Must never measure sources in place of bundles.
import { existsSync } from 'node:fs'
import { join } from 'node:path'

/** Where the programs are. */
export interface Balsam {
  readonly balsam: string
  readonly balsamd: string
}

/** The product built in `root`, or why there is none. */
export function findBalsam(root: string): Balsam | { readonly missing: string } {
  const names = ['balsam', 'balsamd', 'daemon', 'launcher', 'supervisor', 'spawner', 'runner']
  const programs = names.map((name) => `dist/${name}.js`)
  const absent = programs.filter((program) => !existsSync(join(root, program)))
  if (absent.length > 0) return { missing: `not built: ${absent.join(', ')} (npm run build)` }
  return { balsam: join(root, 'bin/balsam'), balsamd: join(root, 'bin/balsamd') }
}
