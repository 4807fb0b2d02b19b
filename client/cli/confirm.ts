// A question before something that can't be undone: asked on a terminal, else --yes is needed.
import { fault } from '../../protocol/faults.ts'
import { isGiven } from './options.ts'
import type { Context, Parsed } from './verb.ts'

/** Goes on after --yes (0.3: --force) or a yes; else NOT_CONFIRMED. `what`: removing 3 jobs. */
export async function confirm(context: Context, parsed: Parsed, what: string): Promise<void> {
  if (isGiven(parsed, 'yes') || isGiven(parsed, 'force')) return
  const answer = await context.terminal.ask(`balsam: ${what}: go on? [y/N] `)
  if (answer === null || !/^y(es)?$/i.test(answer.trim())) throw fault('NOT_CONFIRMED', { what })
}
