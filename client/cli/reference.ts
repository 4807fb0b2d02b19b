// The pages of docs/reference, made from the tables and declarations that the programs use.
// Pure text: generate-docs.ts writes it, a test compares it with what is committed.
import { faultCatalogue } from '../../protocol/faults.ts'
import type { SettingEntry } from '../../protocol/settings.ts'
import { droppedSettings, settingTable } from '../../protocol/settings.ts'
import { balsamdVerbs } from './balsamd-verbs.ts'
import { exitCodes } from './exit-codes.ts'
import { commandOf } from './parse.ts'
import type { VerbEntry } from './verb.ts'
import { laterVerbs, verbs } from './verbs.ts'

const made = '<!-- Made by client/cli/generate-docs.ts; do not edit. -->'

/** Every page by its path from the package's root. */
export async function referencePages(): Promise<Readonly<Record<string, string>>> {
  return {
    'docs/reference/cli.md': await cliPage(),
    'docs/reference/settings.md': settingsPage(),
    'docs/reference/exit-codes.md': exitCodesPage(),
    'docs/reference/errors.md': errorsPage(),
  }
}

async function cliPage(): Promise<string> {
  const sections = [
    ...(await Promise.all(verbs.map((entry) => verbSection('balsam', entry)))),
    ...(await Promise.all(balsamdVerbs.map((entry) => verbSection('balsamd', entry)))),
  ]
  const later = Object.entries(laterVerbs).map(([name, what]) => `| \`${name}\` | ${what} |`)
  return `# Command line

${made}

Data goes to standard output, words for people to standard error. On a terminal tables fit its
width; in a pipe they are tab-separated and whole. \`--json\` gives one document with
\`schema\`, \`items\`, \`total\` and \`truncated\` (or that of the one thing asked for). Exit
codes are on [their own page](exit-codes.md). Flags may be shortened where no other begins so.
\`--site DIR\` may also stand before the verb.

${sections.join('\n')}
## Verbs of Balsam 0.3 that come later

| verb | what |
|---|---|
${later.join('\n')}
`
}

async function verbSection(program: string, entry: VerbEntry): Promise<string> {
  const command = commandOf(program, entry.name, entry.summary, await entry.load())
  command.configureOutput({ getOutHelpWidth: () => 96 })
  const aliases = entry.aliases === undefined ? '' : ` (also \`${entry.aliases.join('`, `')}\`)`
  const help = command.helpInformation().trimEnd()
  return `## ${program} ${entry.name}${aliases}\n\n\`\`\`text\n${help}\n\`\`\`\n`
}

function settingsPage(): string {
  const rows = settingTable.map((entry) => {
    const cells = [entry.name, typeOf(entry), JSON.stringify(entry.fallback), entry.old ?? '']
    const [name = '', ...rest] = cells.map((cell) => (cell === '' ? '' : `\`${cell}\``))
    return `| ${name} | ${rest.join(' | ')} | ${entry.meaning} |`
  })
  const dropped = Object.entries(droppedSettings).map(([name, why]) => `| \`${name}\` | ${why} |`)
  return `# Settings

${made}

\`config.toml\` in the site's directory goes over \`$XDG_CONFIG_HOME/balsam/config.toml\`
(by default \`~/.config/balsam/config.toml\`). Neither file need exist: a missing key means
its default. Nothing ever overwrites them; \`balsam config set\` changes one line and leaves
comments and order alone. \`balsam config show --origin\` prints every value with the file and
line that it comes from. An unknown key is an error. A running daemon reads them when it
starts: \`balsamd restart\`.

| setting | type | default | Balsam 0.3 | meaning |
|---|---|---|---|---|
${rows.join('\n')}

A name with a dot is a key in a table: \`log.level\` is \`level\` below \`[log]\`. Names of
Balsam 0.3 are understood, in the units they had there.

## Settings of Balsam 0.3 without a counterpart

| setting | why |
|---|---|
${dropped.join('\n')}
`
}

function typeOf(entry: SettingEntry): string {
  if (entry.choices !== undefined) return entry.choices.join(' or ')
  if (entry.type === 'integer') return `${entry.min ?? 0} to ${entry.max ?? '∞'}`
  return entry.type === 'address' ? 'HOST:PORT' : entry.type
}

function exitCodesPage(): string {
  const rows = Object.entries(exitCodes).map(([code, what]) => `| ${code} | ${what} |`)
  return `# Exit codes

${made}

| code | meaning |
|---|---|
${rows.join('\n')}

Every [error](errors.md) has one of these. \`balsam wait\` and \`balsam submit --wait\` end
with 0 when all jobs finished, 4 when one failed or was killed, 5 after \`--timeout\`, 3 when no
job matched, and 130 after Ctrl-C, which only stops the waiting.
`
}

function errorsPage(): string {
  const sections = Object.entries(faultCatalogue).map(([code, entry]) => {
    const { message, advice, exit, status } = entry
    const what = `- message: ${literal(message)}\n- what to do: ${literal(advice)}\n`
    return `## ${code}\n\n${what}- exit code ${exit}, HTTP status ${status}\n`
  })
  return `# Errors

${made}

An error is one line on standard error that ends in its code, and a line with what can be done:

\`\`\`text
balsam: no app is named SayHelo (did you mean SayHello?) [APP_UNKNOWN]
  balsam app --name SayHelo --executable "…" makes it; balsam ls apps lists them
\`\`\`

Over HTTP it is \`{"error": {"code", "facts", "message", "advice"}}\`. Words in braces below
are facts.

${sections.join('\n')}`
}

/** Braces and pipes as they are, also where a page knows markup. */
function literal(text: string): string {
  return `\`${text.replaceAll('`', "'")}\``
}
