// Makes the native sqlite3 module where it is missing and a compiler is at hand, so that the
// tests run both store drivers. Install scripts are off and its prebuilt download may be out of
// reach. Must never fail the caller: no module is a reason told, not an error.
//
// Compiled by gcc directly (33 s on two cores, nearly all of it SQLite itself) rather than by
// node-gyp, which needs Python and the same time again to configure. The flags and definitions
// are those of sqlite3's own binding.gyp, and so is SQLite's version: a system's libsqlite3 would
// be quicker to link but older than what users of the prebuilt module get. N-API makes the result
// good for every Node from 20 on. It is kept inside node_modules/sqlite3, like the prebuilt one.
import { spawnSync } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { findNode, isProgram, root, run } from './paths.mjs'

const home = join(root, 'node_modules/sqlite3')
const product = join(home, 'build/Release/node_sqlite3.node')
const captured = { stdio: ['ignore', 'pipe', 'pipe'] }

const sqliteDefinitions = [
  '_REENTRANT=1',
  'SQLITE_THREADSAFE=1',
  'HAVE_USLEEP=1',
  'SQLITE_ENABLE_FTS3',
  'SQLITE_ENABLE_FTS4',
  'SQLITE_ENABLE_FTS5',
  'SQLITE_ENABLE_RTREE',
  'SQLITE_ENABLE_DBSTAT_VTAB=1',
  'SQLITE_ENABLE_MATH_FUNCTIONS',
  'NDEBUG',
]
const addonDefinitions = [
  'NAPI_VERSION=6',
  'NAPI_DISABLE_CPP_EXCEPTIONS=1',
  'BUILDING_NODE_EXTENSION',
]

function define(names) {
  return names.map((name) => `-D${name}`)
}

/** SQLite's version when the module loads (tried in a process of its own), else undefined. */
function loadedVersion() {
  const script = "process.stdout.write(require('sqlite3').VERSION)"
  const tried = spawnSync(findNode() ?? process.execPath, ['-e', script], {
    cwd: root,
    encoding: 'utf8',
  })
  return tried.status === 0 ? tried.stdout : undefined
}

function hasProgram(name) {
  return spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0
}

/** The folder of Node's own headers: with the package's Node, or with the system's. */
function findHeaders() {
  const node = findNode() ?? process.execPath
  const places = [node, process.execPath].map((each) => join(dirname(each), '../include/node'))
  return places.find((place) => existsSync(join(place, 'node_api.h')))
}

/** What stands in the way of compiling, or undefined. */
function obstacle(headers) {
  if (process.platform !== 'linux') return 'this script compiles on Linux only'
  for (const compiler of ['gcc', 'g++']) {
    if (!hasProgram(compiler)) return `there is no ${compiler}`
  }
  if (headers === undefined) return "there are no Node.js headers (include/node beside Node's bin)"
  if (!existsSync(join(root, 'node_modules/node-addon-api/napi.h')))
    return 'node-addon-api is missing'
  return undefined
}

/** Runs a compiler; throws with the first lines of its complaint. */
async function compile(compiler, args, cwd) {
  const { code, output } = await run(compiler, args, { ...captured, cwd })
  if (code === 0) return
  throw new Error(`${compiler} failed:\n${output.split('\n').slice(0, 15).join('\n')}`)
}

async function compileAll(headers, place) {
  const archive = readdirSync(join(home, 'deps')).find((name) => name.endsWith('.tar.gz'))
  if (archive === undefined) throw new Error("sqlite3's copy of SQLite is missing (deps/*.tar.gz)")
  await compile('tar', ['xzf', join(home, 'deps', archive)], place)
  const amalgamation = join(place, basename(archive, '.tar.gz'))
  const common = ['-O2', '-fPIC', '-w', '-c', '-fvisibility=hidden', ...define(sqliteDefinitions)]
  const includes = [headers, join(root, 'node_modules/node-addon-api'), amalgamation]
  const cc = [
    '-std=c++20',
    ...define(addonDefinitions),
    '-include',
    join(home, 'src/gcc-preinclude.h'),
  ]
  cc.push(...includes.map((folder) => `-I${folder}`))
  const sources = readdirSync(join(home, 'src')).filter((name) => name.endsWith('.cc'))

  // SQLite on one core; the four small files after one another on the other.
  const sqlite = compile('gcc', [...common, join(amalgamation, 'sqlite3.c')], place)
  const addon = (async () => {
    for (const name of sources)
      await compile('g++', [...common, ...cc, join(home, 'src', name)], place)
  })()
  await Promise.all([sqlite, addon])
  const objects = ['sqlite3.o', ...sources.map((name) => name.replace(/cc$/, 'o'))]
  await compile(
    'g++',
    ['-shared', '-s', '-o', 'node_sqlite3.node', ...objects, '-lpthread', '-lm'],
    place,
  )
}

/** Resolves to { isAvailable, reason }: whether `sqlite3` loads, and if not, why. */
export async function buildSqlite3(say = (line) => console.log(`sqlite3: ${line}`)) {
  if (!existsSync(home))
    return { isAvailable: false, reason: 'the sqlite3 package is not installed' }
  if (loadedVersion() !== undefined) return { isAvailable: true, reason: undefined }
  const headers = findHeaders()
  const reason = obstacle(headers)
  if (reason !== undefined) return { isAvailable: false, reason }

  say('compiling the native module (once; about 35 s on two cores)')
  const startedAt = performance.now()
  const place = mkdtempSync(join(tmpdir(), 'balsam-sqlite3-'))
  try {
    await compileAll(headers, place)
    mkdirSync(dirname(product), { recursive: true })
    copyFileSync(join(place, 'node_sqlite3.node'), `${product}.new`)
    renameSync(`${product}.new`, product)
  } catch (error) {
    return { isAvailable: false, reason: error.message }
  } finally {
    rmSync(place, { recursive: true, force: true })
  }
  const version = loadedVersion()
  if (version === undefined)
    return { isAvailable: false, reason: 'the compiled module does not load' }
  say(`SQLite ${version} is ready (${((performance.now() - startedAt) / 1000).toFixed(1)} s)`)
  return { isAvailable: true, reason: undefined }
}

if (isProgram(import.meta)) {
  const { isAvailable, reason } = await buildSqlite3()
  if (isAvailable) console.log('sqlite3: the native module is there')
  else console.error(`sqlite3: not available: ${reason}`)
  process.exitCode = isAvailable ? 0 : 1
}
