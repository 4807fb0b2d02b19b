// Templates that launchers were sent and that hold no more: the next assignment brings new ones.
import type { Core } from './core.ts'
import type { ParsedSpec } from './spec-cache.ts'

/** Forgets that launchers know the templates of these specs. */
export function dropTemplates(core: Core, specs: readonly ParsedSpec[]): void {
  for (const { templates } of core.site.launchers.values()) {
    if (templates.size > 0) for (const { lo } of specs) templates.delete(lo)
  }
}

/** Forgets all templates: an app has changed, and any of them may be of it. */
export function dropAllTemplates(core: Core): void {
  for (const { templates } of core.site.launchers.values()) templates.clear()
}
