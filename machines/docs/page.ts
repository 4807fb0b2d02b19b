// A page about one machine: a Mermaid diagram, its states and its transitions. Text only.
// Must never say anything that is not in the machine's definition or in its description below.
import type { AnyStateMachine } from 'xstate'
import { entryEffects, type Row, rowsOf } from './rows.ts'

/** A machine with what a page says about it. */
export interface PageFacts {
  readonly machine: AnyStateMachine
  /** Its file, from the root of the repository. */
  readonly file: string
  /** What it is, in a few sentences. */
  readonly description: string
  /** How states are shown to users, where that differs. */
  readonly shown?: Readonly<Record<string, string>>
  /** Events that can come in nearly every state: in the tables, but not drawn. */
  readonly undrawn?: readonly string[]
}

/** The page as Markdown. */
export function pageOf(facts: PageFacts): string {
  const { machine, file, description } = facts
  return `${[
    `# The ${machine.id} machine`,
    `<!-- Made by npm run docs from ${file}. Don't edit. -->`,
    description,
    `\`\`\`mermaid\n${diagramOf(facts)}\n\`\`\``,
    undrawnNote(facts),
    '## States',
    statesTable(facts),
    '## Transitions',
    'The first row whose condition holds is taken. What is not listed changes nothing.',
    transitionsTable(rowsOf(machine)),
  ]
    .filter((part) => part !== '')
    .join('\n\n')}\n`
}

/** The moves between states as a Mermaid state diagram. */
export function diagramOf({ machine, undrawn = [] }: PageFacts): string {
  const edges = new Map<string, Set<string>>()
  for (const row of rowsOf(machine)) {
    if (row.from === null || row.to === null || undrawn.includes(row.event)) continue
    const ends = `${row.from} --> ${row.to}`
    const label = row.when === '' ? row.event : `${row.event} [${row.when}]`
    edges.set(ends, (edges.get(ends) ?? new Set()).add(label))
  }
  const lines = [...edges].map(([ends, labels]) => `  ${ends}: ${[...labels].join('<br/>')}`)
  return ['stateDiagram-v2', `  [*] --> ${firstState(machine)}`, ...lines].join('\n')
}

function firstState(machine: AnyStateMachine): string {
  return machine.root.initial.target[0]?.key ?? ''
}

function undrawnNote({ undrawn = [] }: PageFacts): string {
  if (undrawn.length === 0) return ''
  const names = undrawn.map((name) => `\`${name}\``).join(', ')
  return `Not drawn, because they come in nearly every state: ${names}.`
}

function statesTable({ machine, shown }: PageFacts): string {
  const states = Object.keys(machine.root.states)
  const rows = states.map((state) => [
    `\`${state}\``,
    ...(shown === undefined ? [] : [shown[state] ?? '']),
    code(entryEffects(machine, state)),
  ])
  const head = ['state', ...(shown === undefined ? [] : ['shown as']), 'effects of entering it']
  return table(head, rows)
}

function transitionsTable(rows: readonly Row[]): string {
  return table(
    ['in', 'event', 'when', 'goes to', 'effects', 'changes'],
    rows.map((row) => [
      row.from === null ? 'any other state' : `\`${row.from}\``,
      `\`${row.event}\``,
      row.when === '' ? '' : `\`${row.when}\``,
      targetText(row),
      code(row.effects),
      code(row.changes),
    ]),
  )
}

function targetText(row: Row): string {
  if (row.isNamed) return 'the other state that it names'
  return row.to === null ? '–' : `\`${row.to}\``
}

function code(names: readonly string[]): string {
  return names.map((name) => `\`${name}\``).join(', ')
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}
