// The house rules that no other tool checks, each a pure function from a file to its findings.
// Must never read files: the tidy test feeds them, and proves on fixtures that each one bites.
import { posix } from 'node:path'
import type { Source } from './source.ts'

/** One broken rule: where, and what to do. */
export interface Finding {
  readonly path: string
  readonly line: number
  readonly what: string
}

/** A rule: the endings of the files it applies to, and its check. */
export interface Rule {
  readonly endings: readonly string[]
  check(source: Source): Finding[]
}

const lineCountMax = 400
const lineWidthMax = 100
const programEndings = ['.ts', '.mjs']
const shellEndings = [
  '.sh',
  'bin/balsam',
  'balsamd',
  'balsamactivate',
  'balsamdeactivate',
  'bcd',
  '.ci/run',
]

/** Which folder may import which; a folder is the longest of these that a path starts with. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  protocol: [],
  machines: ['protocol'],
  daemon: ['protocol', 'machines'],
  client: ['protocol', 'client/launcher'],
  'client/launcher': ['protocol', 'machines', 'client'],
  scripts: [],
  test: ['protocol', 'machines', 'daemon', 'client', 'client/launcher', 'scripts'],
}

/** Only here may a program meet the real clock, timers and chance. */
const portFolders = [
  'daemon/ports/',
  'client/launcher/ports/',
  'client/cli/ports/',
  'scripts/',
  'test/',
]

const bans: readonly (readonly [RegExp, string])[] = [
  [/\bDate\.now\b/g, 'Date.now'],
  [/\bnew Date\(\s*\)/g, 'new Date()'],
  [/\bMath\.random\b/g, 'Math.random'],
  [/\bperformance\.now\b/g, 'performance.now'],
  [/(?<![.\w])setTimeout\b|\bglobalThis\.setTimeout\b/g, 'setTimeout'],
  [/(?<![.\w])setInterval\b|\bglobalThis\.setInterval\b/g, 'setInterval'],
  [/(?<![.\w])setImmediate\b|\bglobalThis\.setImmediate\b/g, 'setImmediate'],
]

function folderOf(path: string): string | undefined {
  const folders = Object.keys(mayImport).filter((folder) => path.startsWith(`${folder}/`))
  return folders.sort((a, b) => b.length - a.length)[0]
}

function lineAt(text: string, index: number): number {
  return text.slice(0, index).split('\n').length
}

/** Findings for each match of a pattern in the code (comments and strings left out). */
function findInCode(source: Source, pattern: RegExp, what: string): Finding[] {
  return [...source.code.matchAll(pattern)].map((match) => ({
    path: source.path,
    line: lineAt(source.code, match.index),
    what,
  }))
}

/** What a file imports: the specifier and where it stands. */
export function importsOf(source: Source): { specifier: string; line: number }[] {
  const pattern = /(?:\bfrom|\bimport|\bimport\(|\brequire\()\s*(['"])/g
  return [...source.code.matchAll(pattern)].flatMap((match) => {
    const start = match.index + match[0].length
    const end = source.text.indexOf(match[1] ?? "'", start)
    const specifier = source.text.slice(start, end)
    return [{ specifier, line: lineAt(source.code, match.index) }]
  })
}

const importDirections: Rule = {
  endings: programEndings,
  check(source) {
    const from = folderOf(source.path)
    if (from === undefined) return []
    return importsOf(source).flatMap(({ specifier, line }) => {
      if (!specifier.startsWith('.')) return []
      const target = posix.join(posix.dirname(source.path), specifier)
      const to = folderOf(target)
      if (to === undefined || to === from || mayImport[from]?.includes(to)) return []
      return [{ path: source.path, line, what: `${from} must not import ${to} (${specifier})` }]
    })
  },
}

const pureMachines: Rule = {
  endings: ['.ts'],
  check(source) {
    // Generators of docs write files; no program imports them.
    const isGenerator = source.path.endsWith('/generate-docs.ts')
    if (!source.path.startsWith('machines/') || isGenerator) return []
    return importsOf(source)
      .filter(({ specifier }) => !specifier.startsWith('.') && !/^xstate(\/|$)/.test(specifier))
      .map(({ specifier, line }) => ({
        path: source.path,
        line,
        what: `machines are pure: no import of ${specifier}`,
      }))
  },
}

const ports: Rule = {
  endings: ['.ts'],
  check(source) {
    if (portFolders.some((folder) => source.path.startsWith(folder))) return []
    const timers = importsOf(source)
      .filter(({ specifier }) => /^(node:)?timers(\/promises)?$/.test(specifier))
      .map(({ specifier, line }) => ({
        path: source.path,
        line,
        what: `${specifier} outside ports`,
      }))
    const used = bans.flatMap(([pattern, name]) =>
      findInCode(source, pattern, `${name} outside ports: take it from protocol/ports.ts`),
    )
    return [...timers, ...used]
  },
}

const length: Rule = {
  endings: [...programEndings, ...shellEndings, '.sql'],
  check({ path, text }) {
    const lines = text.split('\n').length - (text.endsWith('\n') ? 1 : 0)
    if (lines <= lineCountMax) return []
    return [{ path, line: lines, what: `${lines} lines; ${lineCountMax} at most` }]
  },
}

const width: Rule = {
  endings: [...programEndings, ...shellEndings, '.sql'],
  check({ path, text }) {
    return text.split('\n').flatMap((line, index) => {
      const columns = Array.from(line).length
      if (columns <= lineWidthMax) return []
      return [{ path, line: index + 1, what: `${columns} columns; ${lineWidthMax} at most` }]
    })
  },
}

const header: Rule = {
  endings: [...programEndings, ...shellEndings, '.sql'],
  check({ path, text }) {
    const first = text.replace(/^#!.*\n/, '')
    if (/^(\/\/|\/\*|--|#)/.test(first)) return []
    return [
      { path, line: 1, what: 'the first lines say what the file is and what it must never do' },
    ]
  },
}

const plainSyntax: Rule = {
  endings: ['.ts'],
  check(source) {
    const isSettings = source.path.endsWith('.config.ts')
    return [
      ...(isSettings ? [] : findInCode(source, /\bexport default\b/g, 'no default export')),
      ...findInCode(source, /^\s*(export\s+)?(declare\s+)?(const\s+)?enum\s/gm, 'no enum'),
      ...findInCode(source, /^\s*(export\s+)?(declare\s+)?namespace\s/gm, 'no namespace'),
      ...findInCode(source, /(?:\bas\s+|[:<,|]\s*)any\b(?!\s*[(:])/g, 'no any'),
    ]
  },
}

const machinePaths: Rule = {
  endings: [...programEndings, ...shellEndings, '.md', '.json', '.sql', '.toml', '.yaml'],
  check({ path, text }) {
    const pattern = new RegExp(`(?<![\\w.}/-])/(?:${['work', 'home', 'Users'].join('|')})/`, 'g')
    return [...text.matchAll(pattern)].map((match) => ({
      path,
      line: lineAt(text, match.index),
      what: 'a path of some machine',
    }))
  },
}

const testTitles: Rule = {
  endings: ['.test.ts'],
  check(source) {
    const calls = source.code.matchAll(/(?<![.\w])(?:test|it)(?:\.\w+(?:\([^)]*\))?)*\(\s*(['"`])/g)
    return [...calls].flatMap((match) => {
      const start = match.index + match[0].length
      const title = source.text.slice(start, source.text.indexOf(match[1] ?? "'", start))
      const isSentence = title.trim().split(/\s+/).length >= 3
      if (isSentence && !/^(it |should )/i.test(title)) return []
      const what = `the title '${title}' is no sentence that states a rule`
      return [{ path: source.path, line: lineAt(source.code, match.index), what }]
    })
  },
}

const looseTests: Rule = {
  endings: ['.test.ts'],
  check(source) {
    const pattern = /\b(?:test|it|describe|suite)\.(only|todo|skip)\s*\(/g
    const what = 'no only, todo or bare skip; say why with context.skip(condition, reason)'
    return findInCode(source, pattern, what)
  },
}

/** All rules, by name. */
export const rules: Readonly<Record<string, Rule>> = {
  importDirections,
  pureMachines,
  ports,
  length,
  width,
  header,
  plainSyntax,
  machinePaths,
  testTitles,
  looseTests,
}
