// The `balsamd` command: starts, stops and watches daemons; `run` becomes one.
// Must never load the daemon's code: that is dist/daemon.js, a process of its own.
import { fault } from '../../protocol/faults.ts'
import { hint } from '../../protocol/suggest.ts'
import { balsamdVerbs } from './balsamd-verbs.ts'
import { versionText } from './help.ts'
import { runProgram } from './run.ts'

const help = `balsamd VERB [FLAGS]: the daemon of a balsam site

${balsamdVerbs.map(({ name, summary }) => `  ${name.padEnd(10)} ${summary}\n`).join('')}
balsamd VERB --help explains a verb. balsam starts the daemon by itself when none runs.
`

await runProgram('balsamd', process.argv.slice(2), async (words, helpOn) => {
  const [first, second] = words
  if (first === undefined) return { text: help, isHelp: true }
  if (first === '-h' || first === '--help' || first === 'help') {
    return second === undefined ? { text: help, isHelp: true } : await helpOn(second)
  }
  if (first === '-V' || first === '--version') return { text: versionText('balsamd'), isHelp: true }
  const entry = balsamdVerbs.find(({ name }) => name === first)
  if (entry !== undefined) return { entry }
  const known = balsamdVerbs.map(({ name }) => name)
  throw fault('BAD_REQUEST', { what: `there is no verb ${first}${hint(first, known)}` })
})
