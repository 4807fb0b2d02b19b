// interim
import { join } from 'node:path'
import type { Log, SqlDriver } from '../../protocol/ports.ts'
import { siteLayout } from '../../protocol/site-files.ts'
import { pickDriver } from './drivers/pick.ts'

export async function holdSite(plan: {
  site: string
  host: string
  log: Log
}): Promise<{ hold: { release(): void }; driver: SqlDriver }> {
  const picked = await pickDriver({ preference: 'auto' })
  const driver = await picked.open({ file: join(plan.site, siteLayout.database), isShared: false })
  return { hold: { release: () => undefined }, driver }
}
