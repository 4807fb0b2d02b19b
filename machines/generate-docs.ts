// Writes docs/machines from the machines in use; with --check it only says what is stale.
// The one file of this folder that touches the disk; no program of the product imports it.
// oxlint-disable-next-line no-restricted-imports -- a generator writes files; see above
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { allPages } from './docs/pages.ts'

const folder = new URL('../docs/machines/', import.meta.url)
const isCheck = process.argv.includes('--check')
const pages = allPages()

const present = new Set(existsSync(folder) ? readdirSync(folder) : [])
const leftOver = [...present].filter((name) => !pages.has(name))
const stale = [...pages].filter(
  ([name, text]) => !present.has(name) || readFileSync(new URL(name, folder), 'utf8') !== text,
)

if (isCheck) {
  const names = [...stale.map(([name]) => name), ...leftOver]
  for (const name of names) console.error(`docs/machines/${name} is stale: run npm run docs`)
  process.exitCode = names.length === 0 ? 0 : 1
} else {
  mkdirSync(folder, { recursive: true })
  for (const [name, text] of stale) writeFileSync(new URL(name, folder), text)
  for (const name of leftOver) rmSync(new URL(name, folder))
}
