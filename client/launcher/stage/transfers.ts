// Stage-in and stage-out: what is copied and linked where. Both can be repeated: what is there
// already is replaced or left as it is.
// Must never write outside of the working directory and the place that the user named.
import { lstat, mkdir, readdir, readlink, stat, symlink } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { StepPlan } from '../../../protocol/frames.ts'
import { copyTree } from './copy.ts'
import { filesOf, isMissing, isPlainName } from './globs.ts'

/** A step that moves files. */
export type TransferPlan = Exclude<StepPlan, { readonly kind: 'hook' }>

/** The job's place and name. */
export interface TransferPlace {
  readonly cwd: string
  /** Files in it that will be written and must be no link to a parent's. */
  readonly ownFiles: readonly string[]
}

/** Does it once. Throws an Error that says what went wrong. */
export async function transfer(
  plan: TransferPlan,
  place: TransferPlace,
  signal: AbortSignal,
): Promise<void> {
  if (plan.kind === 'stageOut') return await stageOut(plan, place.cwd, signal)
  await mkdir(place.cwd, { recursive: true })
  if (plan.url !== '') await copyInto(pathOf(plan.url), place.cwd, signal)
  // Without globs nothing is taken over, and no directories are named.
  if (plan.globs.length > 0 && plan.parents.length < plan.parentsTotal) {
    const { length } = plan.parents
    throw new Error(`input files of ${plan.parentsTotal} parents, and only ${length} are known`)
  }
  for (const [id, directory] of plan.parents) {
    signal.throwIfAborted()
    for (const glob of plan.globs) {
      for (const file of await filesOf(directory, glob)) {
        await link(join(directory, file), place, id)
      }
    }
  }
}

/** The path of `local:/…`, `file:/…`, `file:///…` or a plain one. */
export function pathOf(url: string): string {
  const path = url.replace(/^(?:local|file):/, '')
  return path.startsWith('//') ? path.replace(/^\/\/(?:localhost)?(?=\/)/, '') : path
}

/** A directory's content, or a file itself. */
async function copyInto(from: string, directory: string, signal: AbortSignal): Promise<void> {
  if (!(await stat(from)).isDirectory()) {
    return await copyTree(from, join(directory, basename(from)), signal)
  }
  for (const name of await readdir(from)) {
    await copyTree(join(from, name), join(directory, name), signal)
  }
}

/** A name that is taken gets the parent's id, as in Balsam 0.3. */
async function link(target: string, { cwd, ownFiles }: TransferPlace, id: number): Promise<void> {
  const name = basename(target)
  const names = ownFiles.includes(name) ? [`${name}_${id}`] : [name, `${name}_${id}`]
  for (const each of names) {
    const path = join(cwd, each)
    const there = await lookAt(path)
    if (there === null) return await symlink(target, path)
    if (there === target) return
  }
  throw new Error(`${join(cwd, `${name}_${id}`)} is there already`)
}

/** The target of a link, '' for anything else, null for nothing. */
async function lookAt(path: string): Promise<string | null> {
  try {
    return (await lstat(path)).isSymbolicLink() ? await readlink(path) : ''
  } catch (error) {
    if (isMissing(error)) return null
    throw error
  }
}

async function stageOut(
  { url, globs }: TransferPlan,
  cwd: string,
  signal: AbortSignal,
): Promise<void> {
  const to = pathOf(url)
  await mkdir(to, { recursive: true })
  const taken = new Map<string, string>()
  for (const glob of globs) {
    const files = await filesOf(cwd, glob)
    if (files.length === 0 && isPlainName(glob)) throw new Error(`there is no ${join(cwd, glob)}`)
    for (const file of files) {
      const name = basename(file)
      const other = taken.get(name)
      if (other === file) continue
      if (other !== undefined) throw new Error(`${other} and ${file} would both become ${name}`)
      taken.set(name, file)
      await copyTree(join(cwd, file), join(to, name), signal)
    }
  }
}
