// What a verb is: its flags for commander, and a function from parsed words to an exit code.
// Types only, so that a verb's file is loaded for its own call alone.
import type { Command } from 'commander'
import type { Balsam } from '../sdk/balsam.ts'
import type { ChosenSite } from '../sdk/find-site.ts'
import type { Terminal } from './ports/terminal.ts'
import type { Look } from './show/look.ts'

/** The words of one call. */
export interface Parsed {
  readonly args: readonly string[]
  /** All words after the verb, as typed. */
  readonly words: readonly string[]
  /** Values as commander names them: camelCase, lists for repeated flags. */
  readonly options: Readonly<Record<string, unknown>>
}

/** What a verb works with. */
export interface Context {
  readonly terminal: Terminal
  /** The look of standard output. */
  readonly look: Look
  /** Data: standard output. */
  readonly print: (text: string) => void
  /** Words for people: one line on standard error. */
  readonly say: (line: string) => void
  /** The site that is meant (`given` before all else); not made yet when it is the default one. */
  site(given?: string): ChosenSite
  /** The site's directory; the default one is made. */
  siteDirectory(given?: string): string
  /** The client of the site; the daemon starts with the first call. */
  balsam(): Balsam
}

/** One verb. */
export interface Verb {
  /** True when what follows its flags is a command line that is none of our business. */
  readonly takesCommand?: boolean
  /** Adds its arguments, flags and examples. */
  declare(command: Command): void
  /** Does it; resolves to the exit code, or to nothing for 0. */
  run(context: Context, parsed: Parsed): Promise<number | undefined>
}

/** Where a verb is found, and what `balsam help` says of it. */
export interface VerbEntry {
  readonly name: string
  readonly aliases?: readonly string[]
  readonly group: 'start' | 'look' | 'act' | 'manage'
  readonly summary: string
  load(): Promise<Verb>
}
