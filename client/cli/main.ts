// The `balsam` command: finds the verb, loads it alone, runs it, and ends with its exit code.
// Must never load more than the verb needs: the whole answer may take 35 ms.
import { fault } from '../../protocol/faults.ts'
import { hint } from '../../protocol/suggest.ts'
import { helpText, versionText } from './help.ts'
import { runProgram } from './run.ts'
import { laterVerbs, verbs } from './verbs.ts'

await runProgram('balsam', process.argv.slice(2), async (words, help) => {
  const [first, second] = words
  if (first === undefined) return { text: helpText(), isHelp: true }
  if (first === '-h' || first === '--help' || first === 'help') {
    return second === undefined ? { text: helpText(), isHelp: true } : await help(second)
  }
  if (first === '-V' || first === '--version') return { text: versionText('balsam'), isHelp: true }
  const entry = verbs.find(({ name, aliases }) => name === first || aliases?.includes(first))
  if (entry !== undefined) return { entry }
  const later = Object.hasOwn(laterVerbs, first) ? laterVerbs[first] : undefined
  if (later !== undefined) throw fault('UNSUPPORTED', { what: later })
  const what = `there is no verb ${first}${hint(
    first,
    verbs.map(({ name }) => name),
  )}`
  throw fault('BAD_REQUEST', { what })
})
