// Words for a POSIX shell. Must be the only way that a word gets into shell text.

/** The word in single quotes: the shell takes it as it stands, whatever it holds but NUL. */
export function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`
}

const assignable = /^[A-Za-z_][A-Za-z0-9_]*$/

/** What one lane of a shell spawner runs. */
export interface ShellCommand {
  readonly cwd: string
  /** With a slash: only so it can't be a builtin or a function. */
  readonly file: string
  readonly words: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** Files that exist; they are appended to. */
  readonly stdout: string | null
  readonly stderr: string | null
}

/** A line that runs the command and then prints its status. */
export function shellLine(command: ShellCommand): string {
  const { cwd, file, words, env, stdout, stderr } = command
  const names = Object.keys(env)
  const assigned = names.filter((name) => assignable.test(name))
  // A name that is no shell variable can still be given by env(1).
  const others = names.filter((name) => !assignable.test(name))
  const assignments = assigned.map((name) => `${name}=${quote(env[name] ?? '')}`)
  const wrapped = others.map((name) => quote(`${name}=${env[name] ?? ''}`))
  const prefix = wrapped.length > 0 ? ['/usr/bin/env', ...wrapped] : []
  const run = [...assignments, ...prefix, ...[file, ...words].map(quote)].join(' ')
  const out = stdout === null ? '/dev/null' : quote(stdout)
  const err = stderr === null ? '/dev/null' : stderr === 'stdout' ? '&1' : quote(stderr)
  const toErr = stderr === 'stdout' ? `2>${err}` : `2>>${err}`
  return `cd -- ${quote(cwd)} && ${run} </dev/null >>${out} ${toErr}; echo $?\n`
}
