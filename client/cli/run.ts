// The frame around every verb: context, parsing, errors on standard error, exit code.
// Must never show a stack for an expected fault, nor hide one for a bug under --debug.
import { escapeControls, Fault, fault } from '../../protocol/faults.ts'
import type { Balsam } from '../sdk/balsam.ts'
import { balsamOver } from '../sdk/balsam.ts'
import { findSite } from '../sdk/find-site.ts'
import { openSession } from '../sdk/session.ts'
import { ensureSite } from '../sdk/site.ts'
import { commandOf, parseWords } from './parse.ts'
import type { Terminal } from './ports/terminal.ts'
import { realTerminal } from './ports/terminal.ts'
import { lookOf } from './show/look.ts'
import type { Context, VerbEntry } from './verb.ts'

/** What the first words ask for: a verb, or a text. */
export type Chosen =
  | { readonly entry: VerbEntry }
  | { readonly text: string; readonly isHelp: true }

/** Finds the verb; `help` gives the help of another one. */
export type Choose = (
  words: readonly string[],
  help: (verb: string) => Promise<Chosen>,
) => Promise<Chosen>

/** Runs a program to its exit code; used by balsam and balsamd. */
export async function runProgram(
  program: string,
  argv: readonly string[],
  choose: Choose,
): Promise<void> {
  forgetCompileCache(process.env)
  const terminal = realTerminal()
  process.exitCode = await runWords(program, argv, choose, terminal)
}

/** The shim told Node where to keep compiled code: that is for this process, not for tasks. */
export function forgetCompileCache(env: NodeJS.ProcessEnv): void {
  if (env['NODE_COMPILE_CACHE']?.endsWith('/balsam/compiled') === true) {
    delete env['NODE_COMPILE_CACHE']
  }
}

/** The same with a given terminal; resolves to the exit code. */
export async function runWords(
  program: string,
  argv: readonly string[],
  choose: Choose,
  terminal: Terminal,
): Promise<number> {
  let close = (): void => undefined
  try {
    const { site, words } = takeSite(argv)
    const chosen = await choose(words, (verb) => choose([verb], noHelp).then(helpOf(program)))
    if ('text' in chosen) {
      terminal.out.write(chosen.text)
      return 0
    }
    const verb = await chosen.entry.load()
    const command = commandOf(program, chosen.entry.name, chosen.entry.summary, verb)
    const result = parseWords(command, words.slice(1), verb.takesCommand === true)
    if ('help' in result) {
      terminal.out.write(result.help)
      return 0
    }
    const flag = result.parsed.options['site']
    const opened = makeContext(terminal, typeof flag === 'string' ? flag : site)
    close = opened.close
    return (await verb.run(opened.context, result.parsed)) ?? 0
  } catch (error) {
    return reportError(program, error, terminal)
  } finally {
    close()
  }
}

/** A context for one verb, and how to close what it opened. */
export function makeContext(
  terminal: Terminal,
  siteFlag: string | undefined,
): { readonly context: Context; readonly close: () => void } {
  let client: Balsam | undefined
  const site: Context['site'] = (given) => findSite(given ?? siteFlag, terminal.env, terminal.cwd)
  const siteDirectory = (given?: string): string => {
    const chosen = site(given)
    return chosen.why === 'default' ? ensureSite(chosen.path) : chosen.path
  }
  const context: Context = {
    terminal,
    look: lookOf(terminal.out, terminal.env),
    print: (text) => terminal.out.write(text),
    say: (line) => terminal.err.write(`${line}\n`),
    site,
    siteDirectory,
    balsam: () => {
      client ??= balsamOver(openSession(siteDirectory(), terminal.env))
      return client
    },
  }
  return { context, close: () => client?.close() }
}

/** Says what went wrong and what can be done; returns the exit code. */
export function reportError(program: string, error: unknown, terminal: Terminal): number {
  const shown = error instanceof Fault ? error : asBug(error)
  const place = placeOf(shown)
  terminal.err.write(`${program}: ${place}${shown.message} [${shown.code}]\n`)
  terminal.err.write(`  ${shown.advice}\n`)
  if (!(error instanceof Fault) && error instanceof Error) {
    terminal.err.write(`${error.stack ?? ''}\n`)
  }
  return shown.exit
}

/**
 * Where in a file the error is, as compilers say it. A line without a file is one of a submission
 * that this program made up itself: its number tells the user nothing.
 */
function placeOf({ facts: { file, line }, message }: Fault): string {
  if (file === undefined || message.includes(String(file))) return ''
  return line === undefined ? `${file}: ` : `${file}:${line}: `
}

function asBug(error: unknown): Fault {
  const what = error instanceof Error ? error.message : String(error)
  return fault('INTERNAL', { what: escapeControls(what), log: 'below' })
}

/** `--site DIR` may also stand before the verb. */
function takeSite(argv: readonly string[]): { site: string | undefined; words: readonly string[] } {
  const [first, second] = argv
  if (first === '--site') return { site: second, words: argv.slice(2) }
  if (first?.startsWith('--site=') === true) {
    return { site: first.slice('--site='.length), words: argv.slice(1) }
  }
  return { site: undefined, words: argv }
}

async function noHelp(verb: string): Promise<Chosen> {
  throw fault('BAD_REQUEST', { what: `there is no help on ${verb}` })
}

function helpOf(program: string): (chosen: Chosen) => Promise<Chosen> {
  return async (chosen) => {
    if (!('entry' in chosen)) return chosen
    const verb = await chosen.entry.load()
    const command = commandOf(program, chosen.entry.name, chosen.entry.summary, verb)
    const result = parseWords(command, ['--help'], false)
    return { text: 'help' in result ? result.help : '', isHelp: true }
  }
}
