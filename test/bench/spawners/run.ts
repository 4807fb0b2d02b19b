// Compares the kinds of spawners with a tight C posix_spawn loop, interleaved, in one table.
// Usage: node test/bench/spawners/run.ts [--tasks 10000] [--rounds 5] [--json]
// Must never adjust the measure: what is slower than wished is printed as it is.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Case, Measured } from './measure.ts'
import { compileLoop, measureLoop, measurePool } from './measure.ts'

const { values } = parseArgs({
  options: {
    tasks: { type: 'string', default: '10000' },
    rounds: { type: 'string', default: '5' },
    kinds: { type: 'string', default: 'koffi,shell,child' },
    json: { type: 'boolean', default: false },
  },
})
const tasks = Number(values.tasks)
const rounds = Number(values.rounds)

/** One line of the table. */
interface Row {
  readonly name: string
  readonly hasOutput: boolean
  readonly run: () => Promise<Measured>
  readonly ratios: number[]
  readonly results: Measured[]
}

function rowsFor(program: string): Row[] {
  const shapes = [
    { spawners: 2, lanes: 2, text: '2 spawners of 1 lane' },
    { spawners: 1, lanes: 2, text: '1 spawner of 2 lanes' },
  ]
  return [false, true].flatMap((hasOutput) => {
    const name = hasOutput ? ', output to files' : ''
    const loop: Row = {
      name: `C posix_spawn loop, 2 parents${name}`,
      hasOutput,
      run: () => Promise.resolve(measureLoop(program, tasks, hasOutput)),
      ratios: [],
      results: [],
    }
    const pools = ['koffi', 'shell', 'child'] as const
    const rows = pools
      .filter((kind) => values.kinds.split(',').includes(kind))
      .flatMap((kind) =>
        shapes.map(({ spawners, lanes, text }): Row => {
          const one: Case = { kind, spawners, lanes, tasks, hasOutput }
          return {
            name: `${kind}, ${text}${name}`,
            hasOutput,
            run: () => measurePool(one),
            ratios: [],
            results: [],
          }
        }),
      )
    return [loop, ...rows]
  })
}

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b)
  const middle = sorted.length / 2
  return ((sorted[Math.floor(middle)] ?? 0) + (sorted[Math.ceil(middle) - 1] ?? 0)) / 2
}

async function runRounds(rows: readonly Row[]): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    const loops = new Map<boolean, number>()
    for (const row of rows) {
      const result = await row.run()
      row.results.push(result)
      // The loop comes first of its group, so each ratio is to a loop of the same minute.
      const loop = loops.get(row.hasOutput) ?? result.perSecond
      loops.set(row.hasOutput, loop)
      row.ratios.push(result.perSecond / loop)
    }
  }
}

function print(rows: readonly Row[]): void {
  const summary = rows.map(({ name, results, ratios }) => ({
    name,
    ratio: Number(median(ratios).toFixed(3)),
    perSecond: Math.round(median(results.map((each) => each.perSecond))),
    cpuUs: Math.round(median(results.map((each) => each.cpuUs))),
    forksPerTask: Number(median(results.map((each) => each.forks)).toFixed(2)),
  }))
  if (values.json) {
    console.log(JSON.stringify({ tasks, rounds, rows: summary }))
    return
  }
  console.log(`${tasks} × true, medians of ${rounds} interleaved rounds`)
  console.log(`${'what'.padEnd(48)}   ratio  tasks/s  CPU µs/task  forks/task`)
  for (const { name, ratio, perSecond, cpuUs, forksPerTask } of summary) {
    const numbers = [
      ratio.toFixed(2).padStart(8),
      String(perSecond).padStart(9),
      String(cpuUs).padStart(13),
      forksPerTask.toFixed(2).padStart(12),
    ]
    console.log(name.padEnd(48) + numbers.join(''))
  }
}

const directory = mkdtempSync(join(tmpdir(), 'balsam-loop-'))
try {
  const rows = rowsFor(compileLoop(directory))
  await runRounds(rows)
  print(rows)
} finally {
  rmSync(directory, { recursive: true, force: true })
}
