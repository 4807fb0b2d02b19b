// The pages about the machines: complete, in a form that Mermaid reads, and checked for staleness.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { diagramOf } from '../../../machines/docs/page.ts'
import { allPages, pageFacts } from '../../../machines/docs/pages.ts'
import { rowsOf } from '../../../machines/docs/rows.ts'

const root = join(import.meta.dirname, '../../..')

test('there is a page for each of the six machines, and one that lists them', () => {
  expect([...allPages().keys()].sort()).toEqual([
    'README.md',
    'allocation.md',
    'attempt.md',
    'daemon.md',
    'job.md',
    'launcher.md',
    'node.md',
  ])
})

test('every line of a diagram is an arrow between states with events and guards', () => {
  for (const facts of pageFacts) {
    const [head, first, ...arrows] = diagramOf(facts).split('\n')
    expect(head).toBe('stateDiagram-v2')
    expect(first).toMatch(/^ {2}\[\*\] --> \w+$/)
    for (const arrow of arrows) {
      expect(arrow).toMatch(/^ {2}\w+ --> \w+: [A-Z_]+( \[\w+\])?(<br\/>[A-Z_]+( \[\w+\])?)*$/)
    }
  }
})

test('every state is in its diagram, unless only events that are not drawn lead there', () => {
  for (const facts of pageFacts) {
    const drawn = new Set(diagramOf(facts).match(/\w+/g))
    const undrawn = Object.keys(facts.machine.states).filter((state) => !drawn.has(state))
    expect(undrawn).toEqual(facts.machine.id === 'job' ? ['USER_KILLED'] : [])
  }
})

test('every state that a transition goes to is a row of its page', () => {
  const missing = pageFacts.flatMap(({ machine }) => {
    const page = allPages().get(`${machine.id}.md`) ?? ''
    return rowsOf(machine).filter(({ to }) => to !== null && !page.includes(`| \`${to}\` |`))
  })
  expect(missing).toEqual([])
})

/** A copy of the generator with its machines, so that a test can spoil the pages. */
function copy(): string {
  const made = mkdtempSync(join(tmpdir(), 'balsam-docs-'))
  onTestFinished(() => rmSync(made, { recursive: true, force: true }))
  for (const folder of ['machines', 'protocol', 'docs/machines']) {
    cpSync(join(root, folder), join(made, folder), { recursive: true })
  }
  cpSync(join(root, 'package.json'), join(made, 'package.json'))
  symlinkSync(join(root, 'node_modules'), join(made, 'node_modules'))
  return made
}

function generate(directory: string, ...args: string[]) {
  const program = join(directory, 'machines/generate-docs.ts')
  return spawnSync(process.execPath, [program, ...args], { encoding: 'utf8' })
}

test('the pages in docs/machines are those of the machines', () => {
  const { status, stderr } = generate(root, '--check')
  expect([status, stderr]).toEqual([0, ''])
})

test('a page that was changed, is missing or left over is named by the check, and mended', () => {
  const directory = copy()
  generate(directory)
  const page = join(directory, 'docs/machines/job.md')
  const text = readFileSync(page, 'utf8')
  writeFileSync(page, `${text}more\n`)
  rmSync(join(directory, 'docs/machines/node.md'))
  writeFileSync(join(directory, 'docs/machines/old.md'), '')
  const checked = generate(directory, '--check')
  expect(checked.status).toBe(1)
  const named = [...checked.stderr.matchAll(/machines\/(\w+\.md) is stale/g)].map(
    ([, name]) => name ?? '',
  )
  expect(named.toSorted((a, b) => a.localeCompare(b))).toEqual(['job.md', 'node.md', 'old.md'])
  expect(generate(directory).status).toBe(0)
  expect(readFileSync(page, 'utf8')).toBe(text)
  expect(generate(directory, '--check').status).toBe(0)
})
