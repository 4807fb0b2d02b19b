// What tasks themselves write down of their lives, apart from everything that Balsam believes.
// Must never need a word from Balsam: the kernel's file locks and the tasks' lines are the proof.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * The program of every task: `sh task.sh DIRECTORY NUMBER SECONDS`.
 * Each line is one append, so it is there whole or not at all, and it outlives the task. A killed
 * task can't write its end; so it holds a lock on its job's file, which it shares with all of its
 * children and which the kernel alone gives back when the last of them is dead: whoever comes while
 * one of an earlier attempt lives, finds the lock taken and writes that down.
 */
const program = `file=$1/$2
exec 9>>"$file.lock"
read -r up rest </proc/uptime
echo "started $BALSAM_JOB_ID $BALSAM_TASK_MARKER $$ $up" >>"$file"
flock -n 9 || echo "overlaps $BALSAM_JOB_ID $BALSAM_TASK_MARKER $$ $up" >>"$file"
[ "$3" = 0 ] || sleep "$3"
echo "job $2 was here"
read -r up rest </proc/uptime
echo "ended $BALSAM_JOB_ID $BALSAM_TASK_MARKER $$ $up" >>"$file"
`

/** One line of a task. */
export interface Witness {
  readonly what: 'started' | 'overlaps' | 'ended'
  readonly jobId: number
  /** The attempt's token: the last part of its marker. */
  readonly token: number
  readonly pid: number
  /** Seconds since boot. */
  readonly at: number
}

/** The files of all tasks of one test. */
export interface GroundTruth {
  /** The command of the job with this number of the test's own, or of an array with '{i}'. */
  command(number: string, seconds: number): readonly string[]
  /** Numbers of which a task has been started. */
  startedCount(): number
  /** All lines of one number, in the order in which they were written. */
  linesOf(number: number): readonly Witness[]
}

/** Makes the directory and the program in it. */
export function makeGroundTruth(base: string): GroundTruth {
  const lines = join(base, 'truth')
  const script = join(base, 'task.sh')
  mkdirSync(lines)
  writeFileSync(script, program)
  return {
    command: (number, seconds) => ['/bin/sh', script, lines, number, String(seconds)],
    startedCount: () => readdirSync(lines).filter((name) => !name.endsWith('.lock')).length,
    linesOf: (number) => read(join(lines, String(number))).map(witness),
  }
}

function read(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n').slice(0, -1)
  } catch {
    return []
  }
}

function witness(line: string): Witness {
  const [what, jobId, marker = '', pid, at] = line.split(' ')
  if (what !== 'started' && what !== 'overlaps' && what !== 'ended') {
    throw new Error(`a task wrote what it can't have written: ${line}`)
  }
  return {
    what,
    jobId: Number(jobId),
    token: Number(marker.slice(marker.lastIndexOf(':') + 1)),
    pid: Number(pid),
    at: Number(at),
  }
}
