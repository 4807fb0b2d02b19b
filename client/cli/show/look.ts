// How output may look: colour and Unicode, by the stream and the environment (NO_COLOR & co).
import type { Environment } from '../../sdk/find-site.ts'
import type { OutStream } from '../ports/terminal.ts'

/** What a stream can show. */
export interface Look {
  readonly isTty: boolean
  readonly columns: number
  readonly isColoured: boolean
  readonly isUnicode: boolean
}

/** Names of the few colours in use, as ANSI codes. */
const codes = {
  green: '32',
  yellow: '33',
  red: '31',
  magenta: '35',
  cyan: '36',
  grey: '90',
} as const
/** A colour. */
export type Colour = keyof typeof codes

/** The look of a stream. FORCE_COLOR and CLICOLOR_FORCE colour pipes too; NO_COLOR wins. */
export function lookOf(stream: OutStream, env: Environment): Look {
  return {
    isTty: stream.isTty,
    columns: stream.columns(),
    isColoured: isColoured(stream.isTty, env),
    isUnicode: /utf-?8/i.test(env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || ''),
  }
}

function isColoured(isTty: boolean, env: Environment): boolean {
  const isSet = (name: string): boolean => (env[name] ?? '') !== '' && env[name] !== '0'
  if ((env['NO_COLOR'] ?? '') !== '') return false
  if (isSet('FORCE_COLOR') || isSet('CLICOLOR_FORCE')) return true
  return isTty && env['TERM'] !== 'dumb' && env['CLICOLOR'] !== '0'
}

/** The text in a colour, where colours are shown. */
export function paint(text: string, colour: Colour | undefined, look: Look): string {
  if (colour === undefined || !look.isColoured || text === '') return text
  return `\u001b[${codes[colour]}m${text}\u001b[0m`
}

const stateColours: Readonly<Record<string, Colour>> = {
  RUNNING: 'yellow',
  JOB_FINISHED: 'green',
  FAILED: 'red',
  RUN_ERROR: 'red',
  RUN_TIMEOUT: 'magenta',
  USER_KILLED: 'magenta',
  PREPROCESSED: 'cyan',
  RESTART_READY: 'cyan',
  ENDED: 'grey',
  GONE: 'grey',
  CONNECTED: 'green',
}

/** Colour of a state of a job, an allocation or a launcher. */
export function stateColour(state: string): Colour | undefined {
  return stateColours[state]
}
