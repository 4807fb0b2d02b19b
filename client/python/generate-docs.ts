// Writes docs/reference/python.md from the docstrings of the package. Must never write with
// --check: it only compares then; and must need no Python, so that everybody can check.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '../..')
const page = 'docs/reference/python.md'

/** The public modules, and what of them is for users; absent: everything without an underscore. */
const modules: readonly { readonly name: string; readonly only?: readonly string[] }[] = [
  { name: 'site', only: ['Site', 'current_site'] },
  { name: 'job', only: ['Job', 'JobQuerySet'] },
  { name: 'query', only: ['Q', 'QuerySet'] },
  { name: 'apps', only: ['App'] },
  { name: 'executor', only: ['Executor', 'Future', 'as_completed', 'wait', 'app'] },
  { name: 'task', only: ['current_job', 'spawn_child', 'clone'] },
  { name: 'reports' },
  { name: 'errors', only: ['BalsamError', 'DaemonUnreachable', 'JobFailed', 'SiteMissing'] },
  { name: 'launcher/dag' },
  { name: 'launcher/futures', only: ['FutureTask', 'wait', 'WaitResult'] },
  {
    name: 'core/models',
    only: ['BalsamJob', 'JobSource', 'ApplicationDefinition', 'QueuedLaunch', 'history_line'],
  },
]

const declaration = /^( *)(class|def) ([A-Za-z]\w*)/

/** One class or function as its source says it. */
interface Entry {
  readonly indent: number
  readonly isClass: boolean
  readonly name: string
  readonly signature: string
  readonly isProperty: boolean
  readonly text: string
}

/** The text between triple quotes that begins at this line, in one paragraph. */
function docstring(lines: readonly string[], from: number): string {
  const first = lines[from]?.trim() ?? ''
  if (!first.startsWith('"""')) return ''
  const words: string[] = []
  for (let at = from; at < lines.length; at++) {
    const line = (lines[at] ?? '').trim()
    const text = at === from ? line.slice(3) : line
    const end = text.indexOf('"""')
    words.push(end < 0 ? text : text.slice(0, end))
    if (end >= 0) break
  }
  return words
    .join('\n')
    .trim()
    .replaceAll(/\n\n+/g, '\n\n')
    .replaceAll(/([^\n])\n(?=[^\n])/g, '$1 ')
}

/** The parameters as users give them: without `self` and types. */
function parameters(head: string): string {
  const inner = head.slice(head.indexOf('(') + 1, head.lastIndexOf(')'))
  const words: string[] = []
  let depth = 0
  let word = ''
  for (const letter of inner) {
    if ('([{'.includes(letter)) depth++
    if (')]}'.includes(letter)) depth--
    if (letter === ',' && depth === 0) {
      words.push(word)
      word = ''
    } else word += letter
  }
  const own = [...words, word].map((each) => withoutType(each.trim()))
  return own.filter((each) => each !== '' && each !== 'self' && each !== 'cls').join(', ')
}

function withoutType(word: string): string {
  const name = /^\**\w+|^[/*]$/.exec(word)?.[0] ?? ''
  const start = / = (.*)$/s.exec(word)?.[1]
  return start === undefined ? name : `${name}=${start}`
}

function entriesOf(source: string): readonly Entry[] {
  const lines = source.split('\n')
  const entries: Entry[] = []
  lines.forEach((line, at) => {
    const found = declaration.exec(line)
    if (found === null) return
    let end = at
    while (!/:\s*(#.*)?$/.test(lines[end] ?? '') && end < lines.length) end++
    const head = lines
      .slice(at, end + 1)
      .join(' ')
      .replaceAll(/\s+/g, ' ')
    const [, indent = '', kind = '', name = ''] = found
    entries.push({
      indent: indent.length,
      isClass: kind === 'class',
      name,
      signature: kind === 'class' ? '' : parameters(head.replace(/ -> .*$/, '')),
      isProperty: /^\s*@(property|\w+\.setter)/.test(lines[at - 1] ?? ''),
      text: docstring(lines, end + 1),
    })
  })
  return entries
}

function lineOf(entry: Entry): string {
  const call = entry.isProperty ? entry.name : `${entry.name}(${entry.signature})`
  const cells = [`\`${call}\``, entry.text.replaceAll('\n', ' ')]
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
}

function sectionOf(module: (typeof modules)[number]): string {
  const source = readFileSync(join(root, `client/python/balsam/${module.name}.py`), 'utf8')
  const title = `balsam.${module.name.replaceAll('/', '.')}`
  const parts = [`## ${title}`, docstring(source.split('\n'), 0)]
  const entries = entriesOf(source)
  const isMeant = ({ name }: Entry): boolean => module.only?.includes(name) ?? true
  const functions = entries.filter(
    (each) => each.indent === 0 && !each.isClass && isMeant(each) && each.text !== '',
  )
  entries.forEach((entry, at) => {
    if (!entry.isClass || entry.indent > 0 || !isMeant(entry)) return
    const after = entries.slice(at + 1)
    const next = after.findIndex(({ indent }) => indent === 0)
    const members = (next < 0 ? after : after.slice(0, next)).filter(
      ({ indent, text }) => indent === 4 && text !== '',
    )
    parts.push(`### ${entry.name}`, entry.text)
    if (members.length > 0) parts.push(tableOf(members))
  })
  if (functions.length > 0) parts.push(tableOf(functions))
  return parts.filter((part) => part !== '').join('\n\n')
}

function tableOf(entries: readonly Entry[]): string {
  return ['| | |', '|---|---|', ...entries.map(lineOf)].join('\n')
}

const text = [
  '# The Python package',
  '<!-- Generated by client/python/generate-docs.ts from the docstrings. Never edit this page. -->',
  'How to use it: [Python](../guide/python.md).',
  ...modules.map(sectionOf),
].join('\n\n')

if (process.argv.includes('--check')) {
  if (present() !== `${text}\n`) {
    process.stderr.write(`${page} is stale\n`)
    process.exitCode = 1
  }
} else writeFileSync(join(root, page), `${text}\n`)

function present(): string | undefined {
  try {
    return readFileSync(join(root, page), 'utf8')
  } catch {
    return undefined
  }
}
