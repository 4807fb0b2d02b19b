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
  /** A line typed in answer to a question; null where nobody sits at a terminal. */
  ask(question: string): Promise<string | null>
  /** Calls once for Ctrl-C; the returned function gives the signal back its default effect. */
  onInterrupt(call: () => void): () => void
}

/** The process's own. */
export function realTerminal(): Terminal {
  return {
    out: outStream(1, () => process.stdout),
    err: outStream(2, () => process.stderr),
    env: process.env,
    cwd: workingDirectory(),
    ask,
    onInterrupt(call) {
      process.once('SIGINT', call)
      return () => process.off('SIGINT', call)
    },
  }
}

async function ask(question: string): Promise<string | null> {
  if (!isatty(0) || !isatty(2)) return null
  // Loaded here only: hardly any call asks anything.
  const { createInterface } = await import('node:readline/promises')
  const dialogue = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return await dialogue.question(question)
  } finally {
    dialogue.close()
  }
}

/** Node makes a stream, in 1 to 3 ms, when it is first touched: not before it is needed. */
function outStream(fd: number, touch: () => NodeJS.WriteStream): OutStream {
  const isTty = isatty(fd)
  let opened: NodeJS.WriteStream | undefined
  const stream = (): NodeJS.WriteStream => {
    opened ??= touch().on('error', endQuietly)
    return opened
  }
  return {
    isTty,
    write: (text) => {
      stream().write(text)
    },
    columns: () => (isTty && stream().columns > 0 ? stream().columns : askedColumns()),
  }
}

function askedColumns(): number {
  const asked = Number(process.env['COLUMNS'])
  return Number.isSafeInteger(asked) && asked > 0 ? asked : 80
}

/** A reader that has gone away wants no more: that is no failure of ours. */
function endQuietly(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error
  process.exit(0)
}

/** A working directory may have been removed under the shell. */
function workingDirectory(): string {
  try {
    return process.cwd()
  } catch {
    return '/'
  }
}
