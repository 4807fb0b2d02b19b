// The one-screen help, and the version. The verbs' own help comes from their declarations.
import { version } from '../../protocol/version.ts'
import type { VerbEntry } from './verb.ts'
import { verbs } from './verbs.ts'

const groups: readonly (readonly [VerbEntry['group'], string])[] = [
  ['start', 'Start'],
  ['look', 'Look'],
  ['act', 'Act'],
  ['manage', 'Manage'],
]

const example = `  balsam app --name SayHello --executable "echo hello,"
  balsam job --name hi --workflow test --application SayHello --args "world 1"
  balsam submit-launch -t 5 -n 1
  balsam wait --workflow test
  balsam out hi
`

/** What `balsam` and `balsam help` print. */
export function helpText(): string {
  const parts = groups.map(([group, title]) => {
    const lines = verbs
      .filter((entry) => entry.group === group)
      .map((entry) => `  ${entry.name.padEnd(14)} ${entry.summary}\n`)
    return `${title}:\n${lines.join('')}`
  })
  return `balsam VERB [FLAGS]: run many jobs on few nodes

${parts.join('\n')}
Example:
${example}
balsam help VERB explains a verb; balsamd start|stop|status|restart runs the daemon.
`
}

/** What --version prints. */
export function versionText(program: string): string {
  return `${program} ${version}\n`
}
