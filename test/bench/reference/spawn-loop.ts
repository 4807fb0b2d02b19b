// The C reference loops: what this machine's kernel can do with /bin/true, at this very minute.
// Must be compiled on the machine that runs it, and run right beside what it is compared with.
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { findProgram, mustRun } from '../measure/programs.ts'

/** The compiled loop; keeps what it measured, for the rows of the loop itself. */
export interface SpawnLoop {
  /** A run of so many tasks by two parents side by side, without output; gives tasks/s. */
  rate(tasks: number): () => Promise<number>
  /** The same, each task's output going to a file of its own. */
  rateWithFiles(tasks: number): () => Promise<number>
  /** A run of one parent alone; gives ms for one spawn and wait. */
  spawnMs(tasks: number): () => Promise<number>
  readonly rates: number[]
  readonly ratesWithFiles: number[]
}

/** Compiles the loop into `directory`. Throws when there is no C compiler. */
export async function buildSpawnLoop(directory: string): Promise<SpawnLoop> {
  const compiler = await findProgram('gcc', 'cc')
  if (compiler === undefined) throw new Error('no C compiler (gcc or cc) is on PATH')
  const program = join(directory, 'spawn-loop')
  await mustRun(compiler, ['-O2', '-o', program, join(import.meta.dirname, 'spawn-loop.c')])
  return runner(program, join(directory, 'loop-output'))
}

function runner(program: string, outputDirectory: string): SpawnLoop {
  async function seconds(tasks: number, parents: number, ...rest: string[]): Promise<number> {
    const ended = await mustRun(program, [String(tasks), String(parents), ...rest])
    return Number(ended.stdout)
  }
  const rates: number[] = []
  const ratesWithFiles: number[] = []
  return {
    rates,
    ratesWithFiles,
    rate: (tasks) => async () => {
      const rate = tasks / (await seconds(tasks, 2))
      rates.push(rate)
      return rate
    },
    rateWithFiles: (tasks) => async () => {
      mkdirSync(outputDirectory)
      try {
        const rate = tasks / (await seconds(tasks, 2, outputDirectory))
        ratesWithFiles.push(rate)
        return rate
      } finally {
        rmSync(outputDirectory, { recursive: true })
      }
    },
    spawnMs: (tasks) => async () => ((await seconds(tasks, 1)) * 1_000) / tasks,
  }
}
