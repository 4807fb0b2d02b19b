// Parses the words of one verb with commander, which is loaded here and nowhere else.
// Must never write or end the process: commander's own messages become Faults.
import { Command, CommanderError } from 'commander'
import { fault } from '../../protocol/faults.ts'
import { hint } from '../../protocol/suggest.ts'
import type { Parsed, Verb } from './verb.ts'

/** What came out: the parsed words, or a help text to print. */
export type ParseResult = { readonly help: string } | { readonly parsed: Parsed }

/** A command with the verb's flags, and those that every verb has. */
export function commandOf(program: string, name: string, summary: string, verb: Verb): Command {
  const command = new Command(name)
    .summary(summary)
    .description(`${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`)
    .helpOption('-h, --help', 'this text')
    .option('--site <DIR>', 'the site to use, instead of BALSAM_SITE')
    .option('--json', 'one JSON document on standard output')
    .exitOverride()
    .showSuggestionAfterError(false)
  verb.declare(command)
  new Command(program).enablePositionalOptions().addCommand(command)
  if (verb.takesCommand === true) command.passThroughOptions()
  return command
}

/** Parses; throws BAD_FLAG with commander's sentence. */
export function parseWords(
  command: Command,
  words: readonly string[],
  takesCommand: boolean,
): ParseResult {
  let output = ''
  command.configureOutput({
    writeOut: (text) => {
      output += text
    },
    writeErr: (text) => {
      output += text
    },
    getOutHelpWidth: () => 100,
    getErrHelpWidth: () => 100,
  })
  try {
    command.parse(spellOut(command, words, takesCommand), { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    if (error.exitCode === 0) return { help: output }
    const unknown = /unknown option '([^'=]*)/.exec(error.message)?.[1]
    const meant = unknown === undefined ? '' : hint(unknown, longFlags(command))
    const what = `${error.message.replace(/^error: /, '').replaceAll('\n', ' ')}${meant}`
    throw fault('BAD_FLAG', { what, verb: command.name() })
  }
  return { parsed: { args: command.args, words, options: command.opts() } }
}

/**
 * Spells out flags that were shortened, as Balsam 0.3 allowed: `--hist` for `--history`, where no
 * other flag begins so. Values of flags, words after `--` and of a command line are left alone.
 */
export function spellOut(
  command: Command,
  words: readonly string[],
  takesCommand: boolean,
): string[] {
  const result: string[] = []
  const known = longFlags(command)
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? ''
    if (word === '--' || (takesCommand && !word.startsWith('-')))
      return [...result, ...words.slice(at)]
    const spelled = word.startsWith('--') ? spellFlag(word, known) : word
    result.push(spelled)
    const option = command.options.find((each) => each.long === spelled || each.short === spelled)
    if (option?.required === true && at + 1 < words.length) {
      at += 1
      result.push(words[at] ?? '')
    }
  }
  return result
}

/** Every flag with two dashes; commander takes "--workflow, --wf" as a short and a long one. */
function longFlags(command: Command): string[] {
  const flags = command.options.flatMap((option) => [option.long, option.short])
  return [...flags.filter((flag) => flag?.startsWith('--') === true), '--help'].map(String)
}

function spellFlag(word: string, known: readonly string[]): string {
  const [flag = '', ...value] = word.split('=')
  if (flag.length < 4 || known.includes(flag)) return word
  const meant = known.filter((each) => each.startsWith(flag))
  return meant.length === 1 ? [meant[0], ...value].join('=') : word
}
