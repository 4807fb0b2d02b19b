// `npm run docs`: runs every generator of pages and diagrams; with --check it only compares.
// Must never write when it checks, and must never succeed when a generator could not run.
//
// A generator is a file named generate-docs.ts. Started without arguments it writes its files;
// with --check it writes nothing, names what is stale on stderr, and exits with 1.
import { existsSync, readdirSync } from 'node:fs'
import { join, relative } from 'node:path'
import { needNode, root, run } from './paths.mjs'

const folders = ['protocol', 'machines', 'daemon', 'client']

function generatorsBelow(folder) {
  if (!existsSync(folder)) return []
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
  const found = entries.filter((entry) => entry.isFile() && entry.name === 'generate-docs.ts')
  return found.map((entry) => join(entry.parentPath, entry.name)).sort()
}

const isCheck = process.argv.includes('--check')
const generators = folders.flatMap((folder) => generatorsBelow(join(root, folder)))
if (generators.length === 0) console.log('docs: there is no generator (generate-docs.ts) yet')
let failures = 0
for (const generator of generators) {
  const args = ['--disable-warning=ExperimentalWarning', generator, ...(isCheck ? ['--check'] : [])]
  const { code } = await run(needNode(), args)
  const name = relative(root, generator)
  const done = isCheck ? 'is up to date' : 'has written its files'
  if (code === 0) console.log(`docs: ${name} ${done}`)
  else {
    failures += 1
    console.error(`docs: ${name} failed${isCheck ? '; run `npm run docs` and commit' : ''}`)
  }
}
process.exitCode = failures === 0 ? 0 : 1
