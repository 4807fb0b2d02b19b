// Standard output and error, signals, and what is known of the terminal behind them.
// Must never throw for a reader that went away: `balsam ls | head` ends quietly with 0.
import { isatty } from 'node:tty'
import type { Environment } from '../../sdk/find-site.ts'

/** One of the two output streams. */
export interface OutStream {
  write(text: string): void
  readonly isTty: boolean
  /** Width in columns; a large number where there is no terminal. */
  columns(): number
}

/** Everything that a verb may show or hear. */
export interface Terminal {
  readonly out: OutStream
  readonly err: OutStream
  readonly env: Environment
  readonly cwd: string
  /** Calls once for Ctrl-C; the returned function gives the signal back its default effect. */
  onInterrupt(call: () => void): () => void
}

/** The process's own. */
export function realTerminal(): Terminal {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error
      process.exit(0)
    })
  }
  return {
    out: outStream(process.stdout),
    err: outStream(process.stderr),
    env: process.env,
    cwd: workingDirectory(),
    onInterrupt(call) {
      process.once('SIGINT', call)
      return () => process.off('SIGINT', call)
    },
  }
}

function outStream(stream: NodeJS.WriteStream & { readonly fd: number }): OutStream {
  const isTty = isatty(stream.fd)
  return {
    isTty,
    write: (text) => {
      stream.write(text)
    },
    columns: () => columnsOf(stream, isTty),
  }
}

function columnsOf(stream: NodeJS.WriteStream, isTty: boolean): number {
  const asked = Number(process.env['COLUMNS'])
  if (isTty && stream.columns > 0) return stream.columns
  return Number.isSafeInteger(asked) && asked > 0 ? asked : 80
}

/** A working directory may have been removed under the shell. */
function workingDirectory(): string {
  try {
    return process.cwd()
  } catch {
    return '/'
  }
}
