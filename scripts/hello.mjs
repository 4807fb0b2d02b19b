// `npm run hello`: installs and builds what is missing, then runs the first example for real.
// Must run on Node 20; must never touch a site or a setting of the user, nor leave anything behind.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from './build.mjs'
import { isProgram, root, run } from './paths.mjs'
import { setup } from './setup.mjs'

const jobCount = 10
const workflow = 'test'

// The example takes about a second; longer than this, something is stuck.
const commandMsMax = 120_000

// A Unix socket's path holds 100 bytes at most, and a temporary folder may itself be deep.
const socketRoomBytes = 40

/** Aborted by a signal: the command that runs is ended, and the site is cleaned up as ever. */
const interruption = new AbortController()

function say(text) {
  console.log(`hello: ${text}`)
}

/** Where throw-away sites go: the system's temporary folder, unless sockets would not fit there. */
function temporaryFolder() {
  return Buffer.byteLength(tmpdir()) <= socketRoomBytes ? tmpdir() : '/tmp'
}

/** The environment of every command: the user's, with nothing of a site of theirs, nor of npm. */
function environment(place) {
  const kept = Object.entries(process.env).filter(([name]) => !/^(BALSAM_|npm_)/.test(name))
  return {
    ...Object.fromEntries(kept),
    XDG_STATE_HOME: join(place, 'state'),
    XDG_CONFIG_HOME: join(place, 'config'),
    XDG_DATA_HOME: join(place, 'share'),
    BALSAM_SITE: join(place, 'myWorkflow'),
  }
}

/** A word as one would type it into a shell. */
function quoted(word) {
  return /^[\w./:=,{}+-]+$/.test(word) ? word : `"${word}"`
}

/** Runs `balsam` or `balsamd` in the throw-away site; throws unless it exits with 0. */
async function command(
  env,
  words,
  { isShown = true, isCaptured = false, signal = interruption.signal } = {},
) {
  const [program, ...args] = words
  if (isShown) console.log(`$ ${words.map(quoted).join(' ')}`)
  const stdio = isCaptured ? ['ignore', 'pipe', 'inherit'] : ['ignore', 'inherit', 'inherit']
  const options = { env, stdio, timeout: commandMsMax, signal }
  const { code, output } = await run(join(root, 'bin', program), args, options)
  if (code === 0) return output
  throw new Error(`\`${words.map(quoted).join(' ')}\` ended with exit code ${code}`)
}

/** Names the SQLite driver that the daemon uses, and why when it is the second choice. */
async function tellDriver(env) {
  const status = await command(env, ['balsamd', 'status', '--json'], {
    isShown: false,
    isCaptured: true,
  })
  const { driver, pid } = JSON.parse(status)
  const isFirstChoice = driver === 'sqlite3'
  const why = isFirstChoice ? '' : "; sqlite3's native module isn't built here (`npm test` does it)"
  say(`balsamd runs (pid ${pid}), SQLite driver: ${driver}${why}`)
}

/** The example, in its own words; returns the milliseconds from the launch request to the end. */
async function runExample(env) {
  const app = ['balsam', 'app', '--name', 'SayHello', '--executable', 'echo hello,']
  await command(env, app)
  for (let i = 1; i <= jobCount; i += 1) {
    const names = ['--name', `hi${i}`, '--workflow', workflow, '--application', 'SayHello']
    await command(env, ['balsam', 'job', ...names, '--args', `world ${i}`])
  }
  const startedAt = performance.now()
  const size = ['-A', 'Project', '-q', 'Queue', '-t', '5', '-n', '2', '--job-mode=serial']
  await command(env, ['balsam', 'submit-launch', ...size])
  await command(env, ['balsam', 'wait', '--workflow', workflow])
  return performance.now() - startedAt
}

/** Prints the outputs; throws when one is not what the example promises. */
async function showOutputs(env) {
  for (let i = 1; i <= jobCount; i += 1) {
    const captured = { isShown: false, isCaptured: true }
    const output = await command(env, ['balsam', 'out', `hi${i}`], captured)
    console.log(`hi${i}: ${output.trimEnd()}`)
    if (output.trim() !== `hello, world ${i}`) {
      throw new Error(`the output of hi${i} should be 'hello, world ${i}'`)
    }
  }
}

/** The end of each log of the site, to say more about a failure. */
function showLogs(site) {
  const folder = join(site, 'log')
  if (!existsSync(folder)) return
  for (const name of readdirSync(folder).filter((each) => each.endsWith('.log'))) {
    const lines = readFileSync(join(folder, name), 'utf8').trimEnd().split('\n')
    console.error(`--- end of log/${name}\n${lines.slice(-20).join('\n')}`)
  }
}

/** Stops the daemon, if one runs, and removes the site. */
async function cleanUp(env, place) {
  if (existsSync(env.BALSAM_SITE)) {
    const stop = command(env, ['balsamd', 'stop'], { signal: new AbortController().signal })
    await stop.catch((error) => console.error(error.message))
  }
  rmSync(place, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
  say(`the throw-away site is gone (${place})`)
}

async function hello() {
  await setup(say)
  await build(say)
  const place = mkdtempSync(join(temporaryFolder(), 'balsam-hello-'))
  const env = environment(place)
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(name, () => interruption.abort(new Error(`interrupted by ${name}`)))
  }
  try {
    say(`making a throw-away site, ${env.BALSAM_SITE}`)
    await command(env, ['balsam', 'init', env.BALSAM_SITE])
    await command(env, ['balsamd', 'start'])
    await tellDriver(env)
    say(`running ${jobCount} jobs as real processes on two virtual nodes of this machine`)
    const wallMs = await runExample(env)
    await showOutputs(env)
    const rate = (jobCount / wallMs) * 1000
    const seconds = (wallMs / 1000).toFixed(2)
    say(`${jobCount} jobs in ${seconds} s, ${rate.toFixed(1)} jobs/s (from the request for nodes)`)
  } catch (error) {
    if (interruption.signal.aborted) throw interruption.signal.reason
    showLogs(env.BALSAM_SITE)
    throw error
  } finally {
    await cleanUp(env, place)
  }
}

if (isProgram(import.meta)) {
  hello().catch((error) => {
    console.error(`hello: ${error.message}`)
    process.exitCode = 1
  })
}
