// `npm run bench`: installs and builds what is missing, then measures.
// Must run on Node 20; the measuring itself is test/bench/main.ts on the package's own Node.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { build } from './build.mjs'
import { buildSqlite3 } from './build-sqlite3.mjs'
import { needNode, root, run } from './paths.mjs'
import { setup } from './setup.mjs'

const program = join(root, 'test/bench/main.ts')

try {
  await setup()
  await build()
  const sqlite3 = await buildSqlite3()
  if (!sqlite3.isAvailable) console.log(`sqlite3: not available here: ${sqlite3.reason}`)
  if (!existsSync(program)) throw new Error('test/bench/main.ts is not there')
  const args = ['--disable-warning=ExperimentalWarning', program, ...process.argv.slice(2)]
  process.exitCode = (await run(needNode(), args)).code
} catch (error) {
  console.error(error.message)
  process.exitCode = 1
}
