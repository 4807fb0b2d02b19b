// Each check of `npm run check` is able to fail: it accepts a clean folder and rejects a plant.
// Must never depend on the state of the project's own files beyond the checks' settings.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { root } from '../../style/source.ts'

const settings = `package.json .gitignore biome.json .oxlintrc.json knip.json tsconfig.base.json
  protocol/tsconfig.json machines/tsconfig.json daemon/tsconfig.json`.split(/\s+/)

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'balsam-checks-'))
  for (const path of settings) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    cpSync(join(root, path), join(folder, path))
  }
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  plant('protocol/index.ts', '// What it is.\nexport const answer = 42\n')
  plant('machines/index.ts', "// What it is.\nexport { answer } from '../protocol/index.ts'\n")
  plant('daemon/main.ts', "// What it is.\nexport { answer } from '../machines/index.ts'\n")
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

function plant(path: string, text: string): void {
  writeFileSync(join(folder, path), text)
}

/** Runs a tool of node_modules/.bin; returns its exit code and all that it said. */
function check(tool: string, ...args: string[]): { code: number | null; said: string } {
  const program = join(root, 'node_modules/.bin', tool)
  const env = { ...process.env, NO_COLOR: '1', CI: '1' }
  const result = spawnSync(program, args, { cwd: folder, encoding: 'utf8', env })
  return { code: result.status, said: `${result.stdout}${result.stderr}` }
}

const accepted = expect.objectContaining({ code: 0 })

test('the format check accepts a formatted file and rejects another', () => {
  const args = ['check', '--linter-enabled=false', '.']
  expect(check('biome', ...args)).toEqual(accepted)
  plant('daemon/bad.ts', 'export const  text = "double";\n')
  const { code, said } = check('biome', ...args)
  expect(code).toBe(1)
  expect(said).toContain('daemon/bad.ts')
})

test("biome's lints accept clean files and reject a default export and an enum", () => {
  const args = ['lint', '--error-on-warnings', '.']
  expect(check('biome', ...args)).toEqual(accepted)
  plant('daemon/bad.ts', 'export enum Colour {\n  Red,\n}\nexport default Colour\n')
  const { code, said } = check('biome', ...args)
  expect(code).toBe(1)
  expect(said).toContain('noDefaultExport')
  expect(said).toContain('noEnum')
})

test('the typed lints accept clean files and reject a floating promise and a wrong import', () => {
  const args = ['--type-aware', '--deny-warnings', '.']
  expect(check('oxlint', ...args)).toEqual(accepted)
  plant(
    'protocol/bad.ts',
    "import { answer } from '../daemon/main.ts'\n" +
      'async function later(): Promise<number> {\n  return answer\n}\n' +
      'export function start(): void {\n  later()\n}\n',
  )
  const { code, said } = check('oxlint', ...args)
  expect(code).toBe(1)
  expect(said).toContain('no-floating-promises')
  expect(said).toContain('no-restricted-imports')
})

test('the type check accepts the import directions and rejects an import against them', () => {
  expect(check('tsc', '-b', 'daemon')).toEqual(accepted)
  plant('protocol/bad.ts', "export { answer as reply } from '../daemon/main.ts'\n")
  const { code, said } = check('tsc', '-b', 'daemon')
  expect(code).not.toBe(0)
  expect(said).toContain('TS6307')
})

test('the type check rejects an index that may be absent', () => {
  plant('protocol/bad.ts', 'export const first = (all: number[]): number => all[0]\n')
  const { code, said } = check('tsc', '-b', 'protocol')
  expect(code).not.toBe(0)
  expect(said).toContain('TS2322')
})

test('the dead-code check names a file and an export that nothing uses', () => {
  const clean = check('knip', '--include', 'files,exports')
  expect(clean.said).not.toContain('daemon/bad.ts')
  expect(clean).toEqual(accepted)
  plant('daemon/bad.ts', '// What it is.\nexport const unused = 1\n')
  plant(
    'machines/index.ts',
    "export { answer } from '../protocol/index.ts'\nexport const idle = 1\n",
  )
  const { code, said } = check('knip', '--include', 'files,exports')
  expect(code).toBe(1)
  expect(said).toContain('daemon/bad.ts')
  expect(said).toContain('idle')
})
