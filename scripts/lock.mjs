// The lock file and the packages of other platforms: finds and adds what a registry left out.
// Must run on Node 20 without any installed package, and must never touch the network.
//
// Why: some registries don't carry every platform's optional package. npm then writes a lock
// without them, and `npm ci` refuses that lock ("Missing: … from lock file"). An entry that says
// for which system a package is meant is enough: npm skips it on all other systems.
import { readFileSync, renameSync, writeFileSync } from 'node:fs'

const systems = [
  'aix',
  'android',
  'darwin',
  'freebsd',
  'linux',
  'netbsd',
  'openbsd',
  'openharmony',
  'sunos',
  'win32',
]
const processors = {
  arm64: 'arm64',
  x64: 'x64',
  ia32: 'ia32',
  arm: 'arm',
  ppc64: 'ppc64',
  ppc64le: 'ppc64',
  riscv64: 'riscv64',
  riscv64d: 'riscv64',
  s390x: 's390x',
  loong64: 'loong64',
  mips64el: 'mips64el',
  wasm32: 'wasm32',
  wasm: 'wasm32',
  x86: 'ia32',
}

/** What a package's name says of the system it is for, or undefined when it says nothing clear. */
export function platformOfName(name) {
  const words = name.replace(/^@/, '').split(/[/\-_.]/)
  const os = systems.find((system) => words.includes(system))
  const cpu = words.map((word) => processors[word]).find((processor) => processor !== undefined)
  if (cpu === 'wasm32') return { cpu: [cpu] }
  if (os === undefined || cpu === undefined) return undefined
  if (os !== 'linux') return { os: [os], cpu: [cpu] }
  if (words.some((word) => word.startsWith('musl'))) return { os: [os], cpu: [cpu], libc: ['musl'] }
  if (words.some((word) => word.startsWith('gnu'))) return { os: [os], cpu: [cpu], libc: ['glibc'] }
  return { os: [os], cpu: [cpu] }
}

/** Where npm would find `name` for the package at `from`: the nearest node_modules that has it. */
function findInLock(packages, from, name) {
  for (let place = from; ; ) {
    const candidate = `${place === '' ? '' : `${place}/`}node_modules/${name}`
    if (packages[candidate] !== undefined) return candidate
    if (place === '') return undefined
    const cut = place.lastIndexOf('/node_modules/')
    place = cut < 0 ? '' : place.slice(0, cut)
  }
}

/** Optional packages that some package of the lock asks for and the lock does not have. */
export function missingOptionals(lock) {
  const missing = []
  for (const [from, entry] of Object.entries(lock.packages)) {
    for (const [name, range] of Object.entries(entry.optionalDependencies ?? {})) {
      if (findInLock(lock.packages, from, name) === undefined)
        missing.push({ from, name, range, isDev: entry.dev === true })
    }
  }
  return missing
}

/** Adds entries for missing optional packages whose names tell their platform; changes `lock`. */
export function completeLock(lock) {
  const added = []
  const unclear = []
  for (const { name, range, isDev } of missingOptionals(lock)) {
    const platform = platformOfName(name)
    const version = /^[~^=]?(\d+\.\d+\.\d+[\w.+-]*)$/.exec(range)?.[1]
    const path = `node_modules/${name}`
    if (platform === undefined || version === undefined) unclear.push(name)
    else if (lock.packages[path] === undefined) {
      lock.packages[path] = {
        version,
        ...platform,
        ...(isDev ? { dev: true } : {}),
        optional: true,
      }
      added.push(name)
    }
  }
  const sorted = Object.entries(lock.packages).sort(([a], [b]) => a.localeCompare(b, 'en'))
  lock.packages = Object.fromEntries(sorted)
  return { added, unclear }
}

/** Completes the lock file in place (atomically); returns what was added, what stayed unclear. */
export function completeLockFile(path) {
  const lock = JSON.parse(readFileSync(path, 'utf8'))
  const result = completeLock(lock)
  if (result.added.length > 0) {
    writeFileSync(`${path}.new`, `${JSON.stringify(lock, null, 2)}\n`)
    renameSync(`${path}.new`, path)
  }
  return result
}
