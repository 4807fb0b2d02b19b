// Reads the project's files for the style tests, and splits code from comments and strings.
// Must never skip a folder silently: what is left out is named here.
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'

/** One file of the project: its path from the root, its text, and its code alone. */
export interface Source {
  readonly path: string
  readonly text: string
  /** The text with comments and the insides of strings blanked, line by line the same length. */
  readonly code: string
}

/** The project's root folder, absolute. */
export const root: string = join(import.meta.dirname, '../..')

/** Folders that hold nothing written by us. */
const foreignFolders = new Set(['node_modules', 'dist', '.git', '.cache', 'coverage', 'results'])

/** All files below a folder (default: the project) whose paths end with one of these. */
export function findFiles(endings: readonly string[], folder: string = root): string[] {
  const found: string[] = []
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory() && !foreignFolders.has(entry.name)) {
      found.push(...findFiles(endings, path))
    } else if (entry.isFile() && endings.some((ending) => path.endsWith(ending))) {
      found.push(relative(root, path))
    }
  }
  return found.sort()
}

/** Reads one file of the project. */
export function readSource(path: string): Source {
  const text = readFileSync(join(root, path), 'utf8')
  return { path, text, code: codeOf(text) }
}

/** A source that exists only in a test. */
export function fixture(path: string, text: string): Source {
  return { path, text, code: codeOf(text) }
}

/** Whether a path exists below the project's root. */
export function exists(path: string): boolean {
  return statSync(join(root, path), { throwIfNoEntry: false }) !== undefined
}

// What is not code, outside template literals.
const notCode = new RegExp(
  [
    /\/\/[^\n]*/, // line comment
    /\/\*[\s\S]*?\*\//, // block comment
    /'(?:[^'\\\n]|\\.)*'/,
    /"(?:[^"\\\n]|\\.)*"/,
    /(?<=[(,=:[!&|?{};\n]\s*)\/(?![/*])(?:[^/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/, // regex
  ]
    .map((each) => each.source)
    .join('|'),
  'y',
)

/** Blanks comments and strings; keeps quotes, line breaks and the code inside `${…}`. */
export function codeOf(text: string): string {
  let code = ''
  // Open templates: each holds how many braces are open inside its current ${…}.
  const templates: number[] = []
  let isInTemplateText = false
  for (let at = 0; at < text.length; ) {
    const char = text.charAt(at)
    if (isInTemplateText) {
      if (char === '`') {
        templates.pop()
        isInTemplateText = false
      } else if (text.startsWith('${', at)) {
        isInTemplateText = false
        code += '${'
        at += 2
        continue
      }
      const width = char === '\\' ? 2 : 1
      code += char === '`' || char === '\n' ? char : ' '.repeat(width)
      at += width
      continue
    }
    notCode.lastIndex = at
    const blank = notCode.exec(text)?.[0]
    if (blank !== undefined) {
      code += blankOut(blank)
      at += blank.length
      continue
    }
    const depth = templates.at(-1)
    if (char === '`') {
      templates.push(0)
      isInTemplateText = true
    } else if (char === '{' && depth !== undefined) templates[templates.length - 1] = depth + 1
    else if (char === '}' && depth === 0) isInTemplateText = true
    else if (char === '}' && depth !== undefined) templates[templates.length - 1] = depth - 1
    code += char
    at += 1
  }
  return code
}

/** Spaces in place of everything but line breaks and a string's quotes. */
function blankOut(text: string): string {
  const quote = text.charAt(0)
  if (quote === "'" || quote === '"') return `${quote}${' '.repeat(text.length - 2)}${quote}`
  return text.replaceAll(/[^\n]/g, ' ')
}
