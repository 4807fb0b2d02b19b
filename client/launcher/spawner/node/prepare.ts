// What the spawners without koffi do before a start: the directory, the output files, the command.
// Must find out all that it can beforehand, with the same words as the koffi spawner.
import { accessSync, closeSync, constants, mkdirSync, openSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Task } from '../messages.ts'
import type { PathLookup } from '../path-lookup.ts'

/** MAX_ARG_STRLEN: one word with its NUL. */
const wordBytesMax = 128 * 1024
/** A quarter of the usual stack limit, for words, variables and their pointers. */
const allBytesMax = 2 * 1024 * 1024 - 4096

/** Why it could not be: 'ENOENT: …'. */
export class Refusal extends Error {}

/** Makes and checks the working directory. @throws Refusal */
export function enterable(task: Task): void {
  attempt(`working directory ${task.cwd}`, () => {
    if (task.makeCwd) mkdirSync(task.cwd, { recursive: true })
    if (!statSync(task.cwd).isDirectory()) throw new Refusal(`ENOTDIR: ${task.cwd}`)
    accessSync(task.cwd, constants.X_OK)
  })
}

/** Opens an output file; -1 for null. @throws Refusal */
export function openOutput(path: string | null, isAppended: boolean): number {
  if (path === null) return -1
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_NOCTTY | constants.O_NONBLOCK
  const start = isAppended ? constants.O_APPEND : constants.O_TRUNC
  return attempt(`output file ${path}`, () => openSync(path, flags | start, 0o666))
}

/** Closes what openOutput opened. */
export function closeOutput(fd: number): void {
  if (fd >= 0) closeSync(fd)
}

/** The absolute file of the command. @throws Refusal */
export function findCommand(
  argv: readonly string[],
  environment: Readonly<Record<string, string>>,
  cwd: string,
  lookup: PathLookup,
): string {
  const command = argv[0] ?? ''
  const found = lookup.find(command, environment['PATH'], cwd)
  if ('code' in found) throw new Refusal(`${found.code}: ${command}`)
  const file = resolve(cwd, found.file)
  attempt(file, () => {
    if (!statSync(file).isFile()) throw new Refusal(`EACCES: ${file}`)
    accessSync(file, constants.X_OK)
  })
  return file
}

/** @throws Refusal when the kernel would not take so much. */
export function checkSize(
  file: string,
  argv: readonly string[],
  environment: Readonly<Record<string, string>>,
): void {
  let bytes = 0
  const count = (text: string): void => {
    const length = Buffer.byteLength(text) + 1
    if (length > wordBytesMax) throw new Refusal(`E2BIG: ${file}`)
    bytes += length + 8
  }
  argv.forEach(count)
  for (const name in environment) count(`${name}=${environment[name] ?? ''}`)
  if (bytes > allBytesMax) throw new Refusal(`E2BIG: ${file}`)
}

/** Names the error as the system does. */
export function attempt<T>(what: string, act: () => T): T {
  try {
    return act()
  } catch (error) {
    if (error instanceof Refusal) throw error
    throw new Refusal(`${codeOf(error)}: ${what}`)
  }
}

/** 'ENOENT' of a system error. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error)
}
