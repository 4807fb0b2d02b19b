// Where koffi can't be loaded, child_process takes its place, unless koffi was asked for by name.
import { spawn } from 'node:child_process'
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { root, scratch } from './harness.ts'

const folders = [
  'protocol',
  ...['spawner', 'ports', 'machine'].map((name) => `client/launcher/${name}`),
]

/** Runs a spawner that finds no node_modules, until its input ends; what it said on fd 1 and 2. */
async function runWithoutPackages(kind: string): Promise<{ code: number | null; said: string }> {
  const directory = scratch()
  for (const folder of folders) {
    cpSync(join(root, folder), join(directory, folder), { recursive: true })
  }
  const program = join(directory, 'client/launcher/spawner/main.ts')
  const words = [
    program,
    '--kind',
    kind,
    '--journal',
    join(directory, 'journal'),
    '--launcher',
    String(process.pid),
  ]
  const child = spawn(process.execPath, words, { stdio: ['pipe', 'pipe', 'pipe'] })
  let said = ''
  child.stderr.on('data', (text: Buffer) => {
    said += text.toString()
  })
  child.stdout.on('data', (text: Buffer) => {
    said += text.toString()
    child.stdin.end()
  })
  const code = await new Promise<number | null>((done) => child.once('close', done))
  return { code, said }
}

test('a spawner that may choose takes child_process when koffi is missing', async () => {
  const { code, said } = await runWithoutPackages('auto')
  expect(said).toContain('"kind":"child"')
  expect(said).toContain('koffi is not usable here')
  expect(code).toBe(0)
})

test('a spawner that was told to use koffi fails without it', async () => {
  const { code, said } = await runWithoutPackages('koffi')
  expect(said).not.toContain('"op":"ready"')
  expect(said).toContain('koffi')
  expect(code).not.toBe(0)
})
