// Bundles each program into one file under dist/, so that a start opens one file, not hundreds.
// Must never leave a half-written bundle: files are written aside and renamed.
import { createHash } from 'node:crypto'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { lazyBuiltins } from './lazy-builtins.mjs'
import { isProgram, programs, root } from './paths.mjs'
import { setup } from './setup.mjs'

const dist = join(root, 'dist')
const recordFile = join(root, '.cache/build.json')
const migrationsFrom = join(root, 'daemon/store/migrations')
const workerFrom = join(root, 'client/python/balsam/worker.py')
const migrationsTo = join(dist, 'migrations')

/** Native modules stay outside; they are found in node_modules at run time. */
const external = ['koffi', 'sqlite3', 'bufferutil', 'utf-8-validate', '@xstate/*']

/**
 * Some bundled packages are CommonJS and call require('node:…'), which ESM does not have. Loading
 * node:module costs 2 ms, so it is put off until one calls.
 */
const banner = {
  js:
    'const require = (name) =>\n' +
    "  process.getBuiltinModule('node:module').createRequire(import.meta.url)(name)",
}

/** Packages a program may load on demand only, for the sake of its start-up time. */
const heavy = ['ws', 'xstate', 'koffi', 'sqlite3', 'systeminformation', 'pino']
const lazyOnly = { balsam: heavy, balsamd: heavy }

function options(name) {
  return {
    absWorkingDir: root,
    entryPoints: { [name]: programs[name] },
    outdir: dist,
    bundle: true,
    write: false,
    metafile: true,
    platform: 'node',
    format: 'esm',
    target: 'node22.18',
    sourcemap: 'linked',
    sourcesContent: false,
    keepNames: false,
    minifySyntax: true,
    // Shorter names parse faster: 3 ms of the 35 that a command may take. The other programs
    // keep theirs for stack traces.
    minifyIdentifiers: name === 'balsam' || name === 'balsamd',
    minifyWhitespace: true,
    legalComments: 'none',
    banner,
    external,
    loader: { '.sql': 'text' },
    plugins: [lazyBuiltins()],
    logLevel: 'silent',
  }
}

/** A file's identity for the question "changed since?": size and time, or 'absent'. */
function mark(path) {
  const stat = statSync(join(root, path), { throwIfNoEntry: false })
  return stat === undefined ? 'absent' : `${stat.size}:${stat.mtimeMs}`
}

function readRecord() {
  try {
    return JSON.parse(readFileSync(recordFile, 'utf8'))
  } catch {
    return {}
  }
}

/** This script and the lock decide what a bundle is, too. */
function recipe() {
  const hash = createHash('sha256').update(readFileSync(import.meta.filename))
  hash.update(readFileSync(join(root, 'scripts/lazy-builtins.mjs')))
  return hash.update(readFileSync(join(root, 'package-lock.json'))).digest('hex')
}

function isFresh(name, entry, currentRecipe) {
  if (entry === undefined || entry.recipe !== currentRecipe) return false
  if (!existsSync(join(dist, `${name}.js`))) return false
  return Object.entries(entry.inputs).every(([path, was]) => mark(path) === was)
}

function writeAside(path, contents) {
  mkdirSync(dirname(path), { recursive: true })
  const aside = `${path}.${process.pid}.new`
  writeFileSync(aside, contents)
  renameSync(aside, path)
}

/** Packages reached from the entry by static imports alone: these load at every start. */
function eagerPackages(metafile, entry) {
  const seen = new Set()
  const packages = new Set()
  const queue = [entry]
  while (queue.length > 0) {
    const path = queue.pop()
    if (seen.has(path)) continue
    seen.add(path)
    const name = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1]
    if (name !== undefined) packages.add(name)
    for (const found of metafile.inputs[path]?.imports ?? []) {
      if (found.kind === 'dynamic-import') continue
      if (found.external) packages.add(found.path)
      else queue.push(found.path)
    }
  }
  return packages
}

async function bundle(esbuild, name, currentRecipe) {
  const result = await esbuild.build(options(name)).catch(async (failure) => {
    const told = await esbuild.formatMessages(failure.errors ?? [], { kind: 'error' })
    throw new Error(
      `${programs[name]} could not be bundled:\n${told.join('\n') || failure.message}`,
    )
  })
  const eager = eagerPackages(result.metafile, programs[name])
  const tooEager = (lazyOnly[name] ?? []).filter((each) => eager.has(each))
  if (tooEager.length > 0) {
    throw new Error(
      `${programs[name]} imports ${tooEager.join(', ')} at its start; use import() instead`,
    )
  }
  for (const file of result.outputFiles) writeAside(file.path, file.contents)
  const files = Object.keys(result.metafile.inputs).filter((path) => !path.startsWith('builtin:'))
  const inputs = files.map((path) => [path, mark(path)])
  return { recipe: currentRecipe, inputs: Object.fromEntries(inputs) }
}

/** The .sql files beside the bundles, as they stand beside the sources; returns how many. */
function copyMigrations() {
  if (!existsSync(migrationsFrom)) return 0
  const names = readdirSync(migrationsFrom).filter((name) => name.endsWith('.sql'))
  mkdirSync(migrationsTo, { recursive: true })
  for (const name of names) {
    const aside = join(migrationsTo, `${name}.${process.pid}.new`)
    copyFileSync(join(migrationsFrom, name), aside)
    renameSync(aside, join(migrationsTo, name))
  }
  for (const old of readdirSync(migrationsTo)) {
    if (old.endsWith('.sql') && !names.includes(old)) rmSync(join(migrationsTo, old))
  }
  return names.length
}

/** The program of warm Python workers, beside the spawner that starts it. */
function copyWorker() {
  if (!existsSync(workerFrom)) return
  mkdirSync(dist, { recursive: true })
  const aside = join(dist, `worker.py.${process.pid}.new`)
  copyFileSync(workerFrom, aside)
  renameSync(aside, join(dist, 'worker.py'))
}

/** Builds what is out of date; throws when a program fails to. `say` is told what was done. */
export async function build(say = (line) => console.log(`build: ${line}`), isForced = false) {
  const currentRecipe = recipe()
  const record = isForced ? {} : readRecord()
  const absent = Object.keys(programs).filter((name) => !existsSync(join(root, programs[name])))
  const stale = Object.keys(programs).filter(
    (name) => !absent.includes(name) && !isFresh(name, record[name], currentRecipe),
  )
  if (absent.length > 0) say(`not there yet: ${absent.map((name) => programs[name]).join(', ')}`)
  copyMigrations()
  copyWorker()
  if (stale.length === 0) return []
  const startedAt = performance.now()
  const esbuild = await import('esbuild')
  const results = await Promise.allSettled(
    stale.map(async (name) => [name, await bundle(esbuild, name, currentRecipe)]),
  )
  const entries = results.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
  writeAside(recordFile, JSON.stringify({ ...record, ...Object.fromEntries(entries) }))
  const failures = results.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []))
  if (failures.length > 0) throw new Error(failures.map(({ message }) => message).join('\n'))
  const files = stale.map((name) => `${name}.js`).join(', ')
  say(`${files} made in ${Math.round(performance.now() - startedAt)} ms (${basename(dist)}/)`)
  return stale
}

if (isProgram(import.meta)) {
  try {
    await setup()
    const made = await build(undefined, process.argv.includes('--force'))
    if (made.length === 0) console.log('build: dist/ is up to date')
  } catch (error) {
    console.error(`build: ${error.message}`)
    process.exitCode = 1
  }
}
