// An esbuild plugin: a bundle loads a built-in module of Node when it first uses it, not before.
// Must never change what a program sees, except when it is loaded.
//
// ESM loads every module that is imported anywhere, and reads all exports of the built-in ones,
// of which some are getters that load still more: node:http the whole of undici. Measured on
// Node 24, CPU at every start: node:http 36 ms, node:crypto and node:child_process some 10 ms
// together. The CLI needs none of them to say what it was told wrong, and one job through it is
// to take 50 ms.
import { spawnSync } from 'node:child_process'
import { isBuiltin } from 'node:module'
import { needNode } from './paths.mjs'

/** Costly to load, and objects of functions and classes: these are taken property by property. */
const costly = new Set(
  [
    'child_process',
    'crypto',
    'dgram',
    'dns',
    'http',
    'https',
    'net',
    'readline',
    'string_decoder',
    'timers/promises',
    'tls',
    'util',
    'zlib',
  ].map((name) => `node:${name}`),
)

/** The properties of each costly module, as the Node that will run the bundle has them. */
function propertyNames() {
  const script = `const { getBuiltinModule } = process
    const names = (name) => Object.keys(getBuiltinModule(name))
    const all = ${JSON.stringify([...costly])}.map((name) => [name, names(name)])
    process.stdout.write(JSON.stringify(Object.fromEntries(all)))`
  const { stdout, status } = spawnSync(needNode(), ['-e', script], { encoding: 'utf8' })
  if (status !== 0) throw new Error("the names in Node's built-in modules could not be read")
  return JSON.parse(stdout)
}

/** CommonJS text of a stand-in whose properties load the module when they are touched. */
function standIn(name, properties) {
  return `let loaded
    const load = () => (loaded ??= process.getBuiltinModule('${name}'))
    for (const name of ${JSON.stringify(properties)}) {
      const set = (value) => { load()[name] = value }
      Object.defineProperty(exports, name, { enumerable: true, get: () => load()[name], set })
    }`
}

/** The plugin. Dynamic imports stay as they are: they are late already, and may fail. */
export function lazyBuiltins() {
  return {
    name: 'lazy-builtins',
    setup(builder) {
      const names = propertyNames()
      builder.onResolve({ filter: /^[a-z]/ }, ({ path, kind }) => {
        if (kind !== 'import-statement' || !isBuiltin(path)) return undefined
        return { path: path.startsWith('node:') ? path : `node:${path}`, namespace: 'builtin' }
      })
      builder.onLoad({ filter: /.*/, namespace: 'builtin' }, ({ path }) => {
        const whole = `module.exports = process.getBuiltinModule('${path}')`
        return { contents: costly.has(path) ? standIn(path, names[path]) : whole, loader: 'js' }
      })
    },
  }
}
