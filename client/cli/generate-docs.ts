// Writes docs/reference from reference.ts. Must never write with --check: it only compares then.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { referencePages } from './reference.ts'

const root = join(import.meta.dirname, '../..')
const isCheck = process.argv.includes('--check')

for (const [path, text] of Object.entries(await referencePages())) {
  const file = join(root, path)
  if (isCheck) {
    if (present(file) !== text) {
      process.stderr.write(`${path} is stale\n`)
      process.exitCode = 1
    }
  } else {
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
  }
}

function present(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}
