// Runs programs and times them, from the spawn to the exit, as a user's shell would see it.
// Must never use a shell where none is wanted: its start would be timed, too.
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'

/** How a program ended. */
export interface Ended {
  readonly ms: number
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Resolves when the program has ended; at once when it already has. */
export async function untilEnded(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
}

/** Asks a program to end, and ends it when it has not after `graceMs`. */
export async function endProgram(child: ChildProcess, graceMs: number): Promise<void> {
  child.kill('SIGTERM')
  await untilEndedOrKilled(child, graceMs)
}

/** Waits for a program's end, and ends it when that takes longer than `graceMs`. */
export async function untilEndedOrKilled(child: ChildProcess, graceMs: number): Promise<void> {
  const limit = setTimeout(() => child.kill('SIGKILL'), graceMs)
  await untilEnded(child)
  clearTimeout(limit)
}

/** Runs a program to its end and times it. Rejects only when it cannot be started. */
export async function runTimed(
  program: string,
  args: readonly string[],
  options: SpawnOptions & { readonly input?: string } = {},
): Promise<Ended> {
  const startedAt = performance.now()
  const child = spawn(program, args, { ...options, stdio: ['pipe', 'pipe', 'pipe'] })
  const texts = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    texts.stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    texts.stderr += text
  })
  child.stdin.on('error', () => undefined) // A program may end without reading its input.
  child.stdin.end(options.input ?? '')
  const exit = once(child, 'exit').then(() => performance.now() - startedAt)
  const [ms] = await Promise.all([exit, once(child, 'close')])
  return { ms, code: child.exitCode, ...texts }
}

/** As runTimed, but a program that does not exit 0 is an error that shows what it said. */
export async function mustRun(
  program: string,
  args: readonly string[],
  options: SpawnOptions & { readonly input?: string } = {},
): Promise<Ended> {
  const ended = await runTimed(program, args, options)
  if (ended.code === 0) return ended
  const said = (ended.stderr.trim() || ended.stdout.trim()).slice(-600)
  throw new Error(`${program} ${args.join(' ')} exited with ${ended.code}: ${said}`)
}

/** The first of these programs that PATH has, or undefined. */
export async function findProgram(...names: readonly string[]): Promise<string | undefined> {
  for (const name of names) {
    const found = await runTimed('/bin/sh', ['-c', 'command -v -- "$1"', 'sh', name])
    if (found.code === 0) return found.stdout.trim()
  }
  return undefined
}
