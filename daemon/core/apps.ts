// Apps are looked up when a task is sent: whoever changes one changes the jobs that wait for it.
import { fault } from '../../protocol/faults.ts'
import type { AppSpec } from '../../protocol/job.ts'
import { endStates, jobStates } from '../../protocol/states.ts'
import type { Core } from './core.ts'
import { dropAllTemplates } from './launcher-templates.ts'
import type { Turn } from './turn.ts'

/** Makes the app, or replaces it; launchers hear of it with their next assignment. */
export function putApp(core: Core, app: AppSpec): Promise<AppSpec> {
  return core.loop.ask('app', (turn) => {
    core.site.apps.set(app.name, app)
    dropWrites(turn, app.name)
    turn.apps.push(app)
    dropAllTemplates(core)
    return app
  })
}

/** What the same turn decided before of this app counts no more. */
function dropWrites(turn: Turn, name: string): void {
  const of = (list: { splice(at: number, count: number): unknown }, at: number): void => {
    if (at >= 0) list.splice(at, 1)
  }
  of(
    turn.apps,
    turn.apps.findIndex((app) => app.name === name),
  )
  of(turn.forgottenApps, turn.forgottenApps.indexOf(name))
}

/** Removes the app. Jobs that wait for it would have nothing to run: then it must be forced. */
export async function removeApp(core: Core, name: string, isForced: boolean): Promise<void> {
  if (!core.site.apps.has(name)) throw fault('APP_UNKNOWN', { name, hint: '' })
  await core.settled()
  const states = jobStates.filter((state) => !endStates.includes(state))
  const { total } = await core.store.counts({ application: name, states })
  if (total > 0 && !isForced) throw fault('APP_IN_USE', { name, count: total })
  await core.loop.ask('remove app', (turn) => {
    core.site.apps.delete(name)
    dropWrites(turn, name)
    turn.forgottenApps.push(name)
    dropAllTemplates(core)
  })
}
