// Starts one task with posix_spawn, in the caller's thread.
// Must return with the spawner as it was before: no descriptor more, no core less.
import { statSync } from 'node:fs'
import type { Clock } from '../../../../protocol/ports.ts'
import { argvOf } from '../envscript.ts'
import type { Task } from '../messages.ts'
import { makePathLookup } from '../path-lookup.ts'
import type { Running } from '../running.ts'
import { startTimeUnknown } from '../running.ts'
import type { BaseEnvironment } from './environments.ts'
import { encodeEnvironment } from './environments.ts'
import type { Libc } from './libc.ts'
import { makeBlock, makeScratch, putPointer, putString } from './memory.ts'
import { errorName, makePlaces } from './place.ts'
import { makeSpawnSettings } from './spawn-settings.ts'

const bootTimeClock = 7
const ticksPerSecond = 100
const nanosecondsPerTick = 1e7
const noEntry = 2

/** Starts tasks. */
export interface Starter {
  environment(id: number, environment: Readonly<Record<string, string>>): void
  /** Fills in pid and startTime, or returns why the task could not be started. */
  start(running: Running): string | null
}

/** A starter for this process. */
export function makeStarter(libc: Libc, clock: Clock): Starter {
  const environments = new Map<number, BaseEnvironment>()
  const lookup = makePathLookup(clock)
  const scratch = makeScratch(libc)
  const settings = makeSpawnSettings(libc)
  const places = makePlaces(libc)
  const outputs = { stdout: places.nullFd, stderr: places.nullFd }
  const pid = makeBlock(libc, 8)
  const time = makeBlock(libc, 16)

  const bootTicks = (): number => {
    libc.clock_gettime(bootTimeClock, time.address)
    const { words } = time
    return (
      (words[0] ?? 0) * ticksPerSecond +
      (words[1] ?? 0) * 2 ** 32 * ticksPerSecond +
      Math.floor((words[2] ?? 0) / nanosecondsPerTick)
    )
  }
  const spawn = (file: string, argv: readonly string[], task: Task, base: BaseEnvironment) => {
    const names = Object.keys(task.env)
    let units = file.length + 1
    for (const word of argv) units += word.length + 1
    for (const name of names) units += name.length + (task.env[name]?.length ?? 0) + 2
    const pointers = argv.length + 1 + base.indexes.size + names.length + 1
    const block = scratch.take(pointers, units)
    let at = pointers * 8
    argv.forEach((word, index) => {
      putPointer(block, index * 8, block.address + at)
      at = putString(block, at, word)
    })
    putPointer(block, argv.length * 8, 0)
    const first = argv.length + 1
    block.words.set(base.pointers, first * 2)
    let next = first + base.indexes.size
    for (const name of names) {
      const index = base.indexes.get(name)
      putPointer(block, (index === undefined ? next++ : first + index) * 8, block.address + at)
      at = putString(block, at, `${name}=${task.env[name] ?? ''}`)
    }
    putPointer(block, next * 8, 0)
    putString(block, at, file)
    return libc.posix_spawn(
      pid.address,
      block.address + at,
      settings.actions(places.nullFd, outputs.stdout, outputs.stderr),
      settings.attributes.address,
      block.address,
      block.address + first * 8,
    )
  }
  /** In its place, with its files: spawns and notes who it is. */
  const spawnHere = (running: Running, base: BaseEnvironment): string | null => {
    const { task } = running
    const argv = argvOf(task)
    const command = argv[0] ?? ''
    const path = task.env['PATH'] ?? base.path
    for (let attempt = 0; ; attempt++) {
      const found = lookup.find(command, path, task.cwd)
      if ('code' in found) return `${found.code}: ${command}`
      const before = bootTicks()
      const errno = spawn(found.file, argv, task, base)
      if (errno === 0) {
        running.pid = pid.words[0] ?? 0
        // The process was made between two looks at the clock, usually in one tick; reading /proc
        // would cost as much as all the rest of a start.
        running.startTime = bootTicks() === before ? before : startTimeUnknown
        return null
      }
      // What was remembered of PATH may be out of date: once more, freshly.
      if (errno !== noEntry || attempt > 0) return whyNot(errno, found.file)
      lookup.forget()
    }
  }

  return {
    environment: (id, environment) => environments.set(id, encodeEnvironment(libc, environment)),
    start(running) {
      const { task } = running
      const base = environments.get(task.envId)
      if (base === undefined) return `EINVAL: environment ${task.envId} is unknown`
      const refusal = places.enter(task) ?? places.open(task, outputs)
      if (task.cpus !== null) places.bind(task.cpus)
      try {
        return refusal ?? spawnHere(running, base)
      } finally {
        if (task.cpus !== null) places.bind(null)
        places.close(outputs)
      }
    },
  }
}

function whyNot(errno: number, file: string): string {
  const name = errorName(errno)
  if (errno === noEntry && statSync(file, { throwIfNoEntry: false }) !== undefined) {
    return `${name}: the interpreter or loader of ${file} is missing`
  }
  return `${name}: ${file}`
}
