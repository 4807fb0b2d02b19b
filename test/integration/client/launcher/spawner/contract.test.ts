// What every kind of spawner gives to a task, on real processes. What a kind does not give is
// asserted as capabilities.ts declares it.
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { capabilities } from '../../../../../client/launcher/spawner/capabilities.ts'
import type { SpawnerKind } from '../../../../../client/launcher/spawner/messages.ts'
import { leakedFd, openSpawner, until } from './harness.ts'

const kinds: readonly SpawnerKind[] = ['koffi', 'shell', 'child']

describe.each(kinds)('a task of the %s spawner', (kind) => {
  const can = capabilities[kind]

  test('ends with the exact exit status', async () => {
    const spawner = openSpawner(kind)
    for (const code of [0, 1, 7, 127]) {
      const exit = await spawner.run(['sh', '-c', `exit ${code}`])
      expect([exit.code, exit.signal, exit.error]).toEqual([code, null, null])
    }
  })

  test('ends with the exact signal, where an exit with 128 + n can be told apart', async () => {
    const spawner = openSpawner(kind)
    const killed = await spawner.run(['sh', '-c', 'kill -9 $$'])
    expect([killed.code, killed.signal]).toEqual([null, 9])
    const exited = await spawner.run(['sh', '-c', 'exit 137'])
    expect([exited.code, exited.signal]).toEqual(can.isSignalExact ? [137, null] : [null, 9])
  })

  test('is told with its pid and its times', async () => {
    const spawner = openSpawner(kind)
    const before = Date.now()
    const exit = await spawner.run(['sh', '-c', 'echo $$ >pid; sleep 0.1'])
    const own = Number(readFileSync(join(spawner.directory, 'pid'), 'utf8'))
    expect(exit.pid === own).toBe(can.hasOwnPid)
    expect(exit.startedAtMs).toBeGreaterThanOrEqual(before - 1)
    expect(exit.endedAtMs - exit.startedAtMs).toBeGreaterThanOrEqual(95)
    expect(exit.endedAtMs).toBeLessThanOrEqual(Date.now() + 1)
  })

  test('has its CPU time and its peak memory measured', async () => {
    const spawner = openSpawner(kind)
    const burn =
      'const a = Buffer.alloc(300e6, 1); for (const t = Date.now(); Date.now() - t < 300;);'
    const exit = await spawner.run([process.execPath, '-e', burn])
    expect(exit.code).toBe(0)
    const cpuMs = exit.userMs + exit.systemMs
    expect(can.hasUsage ? cpuMs >= 150 : cpuMs === 0).toBe(true)
    expect(can.hasUsage ? exit.maxRssKiB > 290_000 : exit.maxRssKiB === 0).toBe(true)
    expect(exit.isRssBelow).toBe(false)
  })

  test('has a peak below that of the spawner recorded as such', async () => {
    const spawner = openSpawner(kind)
    const exit = await spawner.run(['true'])
    expect(exit.isRssBelow).toBe(can.hasUsage)
  })

  test('leads a group of its own', async () => {
    const spawner = openSpawner(kind)
    const text = await spawner.output(['cat', '/proc/self/stat'])
    const [pid, group] = [text.split(' ')[0], text.split(') ')[1]?.split(' ')[2]]
    const spawnerGroup = readFileSync(`/proc/${spawner.process.pid}/stat`, 'utf8').split(' ')[4]
    expect(group === pid).toBe(can.hasOwnPid)
    expect(group).not.toBe(spawnerGroup)
  })

  test('runs in its directory, which is made when asked for', async () => {
    const spawner = openSpawner(kind)
    const cwd = join(spawner.directory, 'a', 'b c')
    const stdout = join(cwd, 'out')
    const exit = await spawner.run(['pwd'], { cwd, makeCwd: true, stdout })
    expect(exit.error).toBe(null)
    expect(readFileSync(stdout, 'utf8')).toBe(`${cwd}\n`)
  })

  test('is refused with ENOENT when its directory is missing', async () => {
    const spawner = openSpawner(kind)
    const exit = await spawner.run(['true'], { cwd: '/nonexistent/place' })
    expect([exit.code, exit.pid]).toEqual([null, 0])
    expect(exit.error).toMatch(/^ENOENT: working directory \/nonexistent\/place/)
  })

  test('sees its environment and nothing of the spawner', async () => {
    const spawner = openSpawner(kind)
    const env = { COLOR: 'blue', GREETING: 'good\nday', 'odd.name': 'x=y' }
    const text = await spawner.output(['env', '-0'], { env })
    const seen = new Map(
      text.split('\0').map((each): [string, string] => {
        const at = each.indexOf('=')
        return [each.slice(0, at), each.slice(at + 1)]
      }),
    )
    for (const [name, value] of Object.entries(env)) expect(seen.get(name)).toBe(value)
    const names = [...seen.keys()].filter((name) => name !== '').sort()
    const own = ['PATH', 'GREETING', 'COLOR', 'odd.name', 'BALSAM_TASK_MARKER']
    // A shell adds what POSIX makes it add.
    const others = names.filter(
      (name) => !own.includes(name) && name !== 'PWD' && name !== 'OLDPWD',
    )
    expect(others).toEqual([])
    expect(names).toEqual(expect.arrayContaining(own))
  })

  test('is found on its own PATH', async () => {
    const spawner = openSpawner(kind)
    const bin = join(spawner.directory, 'bin')
    mkdirSync(bin)
    writeFileSync(join(bin, 'greet'), '#!/bin/sh\necho from here\n', { mode: 0o755 })
    expect(await spawner.output(['greet'], { env: { PATH: `${bin}:/bin` } })).toBe('from here\n')
    expect((await spawner.run(['greet'])).error).toBe('ENOENT: greet')
  })

  test('is bound to its cores', async () => {
    const spawner = openSpawner(kind)
    const allowed = async (list: readonly number[] | null): Promise<string | undefined> => {
      const text = await spawner.output(['cat', '/proc/self/status'], { cpus: list })
      return /Cpus_allowed_list:\s*(\S+)/.exec(text)?.[1]
    }
    const all = await allowed(null)
    const last = cpus().length - 1
    expect(await allowed([last])).toBe(can.hasAffinity ? String(last) : all)
    expect(await allowed(null)).toBe(all)
    // Cores beyond the real ones are accounted, not bound.
    expect(await allowed([5000])).toBe(all)
  })

  test('writes to its files, replaces them or adds to them, and may part stderr', async () => {
    const spawner = openSpawner(kind)
    const stdout = join(spawner.directory, "o ut'")
    const stderr = join(spawner.directory, 'err')
    const speak = ['sh', '-c', 'echo out; echo err >&2']
    await spawner.run(speak, { stdout, stderr })
    await spawner.run(speak, { stdout, stderr })
    expect([readFileSync(stdout, 'utf8'), readFileSync(stderr, 'utf8')]).toEqual(['out\n', 'err\n'])
    await spawner.run(speak, { stdout, stderr: 'stdout', append: true })
    expect(readFileSync(stdout, 'utf8')).toBe('out\nout\nerr\n')
  })

  test('keeps the output of the attempt before it under its number', async () => {
    const spawner = openSpawner(kind)
    const stdout = join(spawner.directory, 'a.out')
    await spawner.run(['echo', 'one'], { stdout, stderr: 'stdout' })
    await spawner.run(['echo', 'two'], { stdout, stderr: 'stdout', earlier: 1 })
    await spawner.run(['echo', 'three'], { stdout, stderr: 'stdout', earlier: 2 })
    const texts = ['', '.1', '.2'].map((end) => readFileSync(`${stdout}${end}`, 'utf8'))
    expect(texts).toEqual(['three\n', 'one\n', 'two\n'])
    // What is no plain file stays where it is.
    const run = await spawner.run(['echo'], { stdout: '/dev/null', stderr: 'stdout', earlier: 1 })
    expect(run.code).toBe(0)
    expect(existsSync('/dev/null')).toBe(true)
  })

  test('keeps its order of writing when stdout and stderr share a file', async () => {
    const spawner = openSpawner(kind)
    const text = await spawner.output(['sh', '-c', 'echo 1; echo 2 >&2; echo 3; echo 4 >&2'])
    expect(text).toBe('1\n2\n3\n4\n')
  })

  test('is refused when its output file can not be written', async () => {
    const spawner = openSpawner(kind)
    const exit = await spawner.run(['true'], { stdout: join(spawner.directory, 'no', 'file') })
    expect(exit.error).toMatch(/^ENOENT: output file /)
  })

  test('has no descriptor but 0, 1 and 2, nor what the launcher inherited', async () => {
    const spawner = openSpawner(kind)
    const text = await spawner.output(['sh', '-c', 'ls -l /proc/$$/fd; exit 0'])
    const fds = [...text.matchAll(/ (\d+) -> (\S+)/g)].map(([, fd, target]) => [fd, target])
    expect(fds.some(([fd]) => fd === String(leakedFd))).toBe(!can.closesInherited)
    expect(fds.slice(0, 3).map(([fd]) => fd)).toEqual(['0', '1', '2'])
    expect(!can.closesInherited || fds.length === 3).toBe(true)
    expect(fds[0]?.[1]).toBe('/dev/null')
  })

  test('has no signal blocked and none ignored', async () => {
    const spawner = openSpawner(kind)
    const text = await spawner.output(['grep', '-E', '^Sig(Blk|Ign)', '/proc/self/status'])
    expect(text.match(/\t0+$/gm)).toHaveLength(2)
  })

  test('is refused with ENOENT when the command is missing', async () => {
    const spawner = openSpawner(kind)
    expect((await spawner.run(['no-such-command'])).error).toBe('ENOENT: no-such-command')
    expect((await spawner.run(['./missing'])).error).toMatch(/^ENOENT: .*missing/)
  })

  test('is refused with EACCES when the file is not executable', async () => {
    const spawner = openSpawner(kind)
    const file = join(spawner.directory, 'plain')
    writeFileSync(file, '#!/bin/sh\n')
    chmodSync(file, 0o644)
    expect((await spawner.run([file])).error).toBe(`EACCES: ${file}`)
    expect((await spawner.run([spawner.directory])).error).toMatch(/^EACCES: /)
  })

  test('is refused with E2BIG when a word is a megabyte long', async () => {
    const spawner = openSpawner(kind)
    const exit = await spawner.run(['true', 'x'.repeat(1024 * 1024)])
    expect(exit.error).toMatch(/^E2BIG: /)
    expect((await spawner.run(['true'])).code).toBe(0)
  })

  test('is refused when a word, a variable or a path holds a NUL', async () => {
    const spawner = openSpawner(kind)
    const out = join(spawner.directory, 'out')
    expect((await spawner.run(['echo', 'a\0b'])).error).toMatch(/^EINVAL: .*NUL/)
    expect((await spawner.run(['true'], { env: { A: 'a\0b' } })).error).toMatch(/^EINVAL: .*NUL/)
    expect((await spawner.run(['true'], { stdout: `${out}\0` })).error).toMatch(/^EINVAL: .*NUL/)
    expect((await spawner.run([])).error).toMatch(/^EINVAL: /)
    expect(existsSync(out)).toBe(false)
  })

  test('gets words of any bytes unchanged', async () => {
    const spawner = openSpawner(kind)
    const words = [
      "it's",
      '$HOME `id` "q"',
      '\n\t\\',
      '',
      '*',
      '-n',
      'é€😀',
      '\u0081\u0088ÿ',
      '!~#&;|<>',
    ]
    const text = await spawner.output(['printf', '%s\\0', ...words])
    expect(text.split('\0').slice(0, -1)).toEqual(words)
  })

  test('sees the variables of its environment script, below its own', async () => {
    const spawner = openSpawner(kind)
    const envscript = join(spawner.directory, 'my env.sh')
    writeFileSync(envscript, 'export A=script B=script; here=1\n')
    const more = { envscript, env: { B: "task's own" } }
    const text = await spawner.output(['sh', '-c', 'echo "$A $B ${here-unset}"'], more)
    expect(text).toBe("script task's own unset\n")
    const missing = await spawner.run(['true'], { envscript: '/no/script' })
    expect(missing.error).toBe('ENOENT: the environment script /no/script is missing')
  })

  test('follows the one before it in its lane, beside those of other lanes', async () => {
    const spawner = openSpawner(kind)
    const note = (text: string): string[] => ['sh', '-c', `sleep 0.05; echo ${text} >>order`]
    const tasks = [1, 2, 3, 4].map((n) => spawner.task(n, note(`a${n}`)))
    const beside = spawner.task(9, ['sh', '-c', 'echo b >>order'], { lane: 1 })
    spawner.start(...tasks, beside)
    await until('all exits', () => spawner.exits.size === 5)
    expect(readFileSync(join(spawner.directory, 'order'), 'utf8')).toBe('b\na1\na2\na3\na4\n')
  })

  test('that can not start does not hold up its lane', async () => {
    const spawner = openSpawner(kind)
    spawner.start(spawner.task(1, ['no-such']), spawner.task(2, ['true']))
    expect((await spawner.exit(1)).error).toBe('ENOENT: no-such')
    expect((await spawner.exit(2)).code).toBe(0)
  })

  test('is announced as started while it runs', async () => {
    const spawner = openSpawner(kind)
    spawner.start(spawner.task(5, ['sleep', '300']))
    await until('started', () => spawner.started.has(5))
    const [, pid, atMs] = spawner.started.get(5) ?? [0, 0, 0]
    expect(Math.abs(Date.now() - atMs)).toBeLessThan(5_000)
    expect(pid).toBeGreaterThan(1)
  })
})
