// Python calls: warm worker processes, each serving one call after another by a line on its stdin
// and an answer on its fd 3. A worker is made when a call finds none idle, and kept for its like.
// Must never give a worker a second call before the first has been answered: a kill of its group
// then hits only the one. A worker in which something stayed behind serves no other.
import type { Clock } from '../../../../protocol/ports.ts'
import type { Backend, Ending } from '../backend.ts'
import { makePathLookup } from '../path-lookup.ts'
import { spawnerVariable } from '../processes.ts'
import type { Running } from '../running.ts'
import { setAside } from '../set-aside.ts'
import type { OnEnded } from './loop.ts'
import {
  checkSize,
  closeOutput,
  codeOf,
  enterable,
  findCommand,
  openOutput,
  Refusal,
} from './prepare.ts'
import { makeShelf } from './python-shelf.ts'
import type { PythonAnswer, PythonWorker } from './python-worker.ts'
import { startWorker } from './python-worker.ts'
import { killGroup, sendSignal, signalMarked } from './signals.ts'

/** Cores of the calls a worker is for; an adopting launcher reads it from the process. */
const cpusVariable = 'BALSAM_TASK_CPUS'

/** Serves calls by warm workers. `journalFile` names where their output lies meanwhile. */
export function makePythonBackend(
  clock: Clock,
  journalFile: string,
): (onEnded: OnEnded) => Backend {
  return (onEnded) => {
    const environments = new Map<number, Readonly<Record<string, string>>>()
    const lookup = makePathLookup(clock)
    const idle = makeShelf(clock)
    const serving = new Map<number, PythonWorker>()

    const answered = (worker: PythonWorker, running: Running, answer: PythonAnswer): void => {
      serving.delete(running.task.token)
      // What is being ended takes no further call; its leftovers are searched.
      const isFit = answer.isFit && !running.isKilled
      if (isFit) idle.put(worker)
      else worker.end()
      onEnded(running, { ...answer.ending, hasLeftovers: !isFit })
    }
    const died = (worker: PythonWorker, running: Running | null, ending: Ending): void => {
      idle.remove(worker)
      if (running === null) return
      serving.delete(running.task.token)
      onEnded(running, ending)
    }
    const workerFor = ({ task }: Running): PythonWorker => {
      const { python, envId } = task
      if (python === undefined) throw new Refusal('EINVAL: this is no Python call')
      const cpus = task.env[cpusVariable] ?? '1'
      const key = JSON.stringify([python.interpreter, python.context, envId, cpus, task.envscript])
      const known = idle.take(key)
      if (known !== undefined) return known
      const env = {
        ...environments.get(envId),
        [cpusVariable]: cpus,
        // By it the worker is found when this spawner dies, and taken for no launcher.
        [spawnerVariable]: process.env[spawnerVariable] ?? '',
      }
      findCommand([python.interpreter], env, '/', lookup)
      return startWorker({
        key,
        python,
        env,
        envscript: task.envscript,
        journalFile,
        died,
        answered,
      })
    }
    const start = (running: Running): void => {
      const { task } = running
      checkSize(task.cwd, [], task.env)
      enterable(task)
      // Created here, so that an error has a name; the worker appends to it.
      setAside(task)
      closeOutput(openOutput(task.stdout, task.append))
      const worker = workerFor(running)
      running.pid = worker.pid
      running.startTime = worker.startTime
      serving.set(task.token, worker)
      worker.serve(running)
    }

    return {
      environment: (id, env) => environments.set(id, env),
      start(running) {
        try {
          start(running)
          return null
        } catch (error) {
          if (error instanceof Refusal) return error.message
          return `${codeOf(error)}: ${running.task.python?.interpreter ?? ''}`
        }
      },
      signal({ pid }, signal) {
        if (pid > 0) sendSignal(-pid, signal)
      },
      killGroup,
      signalMarked,
    }
  }
}
