// A name for a job that was given none.
import { basename } from 'node:path'
import { limits } from '../../../protocol/limits.ts'

/** A command's name as a job's name: what a name may not hold becomes an underscore. */
export function nameOf(command: string): string {
  const name = basename(command)
    .replaceAll(/[^A-Za-z0-9._+@=-]/g, '_')
    .replace(/^-+/, '')
    .slice(0, limits.nameLengthMax - 20)
  return name === '' || name === '.' || name === '..' ? 'job' : name
}
