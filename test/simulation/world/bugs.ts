// Planted bugs: each breaks one rule of the design at one of its doors. The simulation must find
// every one of them, or it proves nothing.

import { type Core, decideIn } from '../../../daemon/core/core.ts'
import { stepIn } from '../../../daemon/core/job-steps.ts'
import { decodeRecords, encodeRecords, type JournalRecord } from '../../../daemon/core/records.ts'
import type { Store } from '../../../daemon/store/store.ts'
import { decodeLauncherFrame, encodeFrame } from '../../../protocol/codec.ts'
import { frameKind } from '../../../protocol/frames.ts'
import type { FrameLinkHandlers, SqlDriver } from '../../../protocol/ports.ts'
import { stateNumber } from '../../../protocol/states.ts'

/** A bug, by what it wraps. */
export interface PlantedBug {
  readonly name: string
  driver?(driver: SqlDriver): SqlDriver
  store?(store: Store): Store
  core?(core: Core): void
  hears?(handlers: FrameLinkHandlers): FrameLinkHandlers
  readonly forgetsRunning?: boolean
}

/** Design 13 broken: whoever wrote last reigns, whatever the epoch says. */
const noFence: PlantedBug = {
  name: 'no fence',
  driver: (driver) => ({
    ...driver,
    transaction: (statements, options) =>
      driver.transaction(
        statements.map(({ sql, params = [], rows }) =>
          rows === undefined ? { sql, params } : { sql, params, rows },
        ),
        options,
      ),
  }),
}

/** Design 5 broken: what was decided is answered and sent before it is on the disk. */
const ackBeforeCommit: PlantedBug = {
  name: 'ack before commit',
  store: (store) => ({
    ...store,
    commit(turn) {
      void store.commit(turn).catch(() => undefined)
      return Promise.resolve()
    },
  }),
}

/** Exits are applied as often as they are heard: an ended lease is taken for open again. */
const noDedupe: PlantedBug = {
  name: 'no dedupe',
  core(core) {
    const { leases } = core.site
    const ended = new Map<number, NonNullable<ReturnType<typeof leases.get>>>()
    const { get, delete: remove } = leases
    leases.delete = (token) => {
      const job = get.call(leases, token)
      if (job !== undefined) ended.set(token, job)
      return remove.call(leases, token)
    }
    leases.get = (token) => {
      const open = get.call(leases, token)
      const late = ended.get(token)
      if (open !== undefined || late === undefined) return open
      late.attempt = 0
      late.token = token
      return late
    }
  },
}

/** A hello's held leases are not looked at: everything that the launcher had counts as dead. */
const leaseNotChecked: PlantedBug = {
  name: 'lease not checked',
  hears: (handlers) => ({
    ...handlers,
    onFrame(bytes) {
      const frame = decodeLauncherFrame(bytes)
      if (frame[0] !== frameKind.hello) return handlers.onFrame(bytes)
      const hello = {
        ...frame[1],
        held: [],
        incarnation: `${frame[1].incarnation}!${bytes.length}`,
      }
      handlers.onFrame(
        encodeFrame([frameKind.hello, { ...hello, incarnation: hello.incarnation.slice(-16) }]),
      )
    },
  }),
}

/** A restarted launcher does not look for what its node already runs. */
const resumeForgetsRunning: PlantedBug = { name: 'resume forgets running', forgetsRunning: true }

/** Jobs that were leased stay in their queue now and then. */
const doubleAssign: PlantedBug = {
  name: 'double assign',
  core(core) {
    const { queues } = core.site
    const { take } = queues
    queues.take = (queue, count, spans) => {
      const taken = take.call(queues, queue, count, spans)
      const [job] = taken.jobs
      if (job !== undefined) {
        queue.jobs.push(job)
        queue.ready += 1
        core.clock.after(500, () => {
          job.isQueued = true
          core.loop.deliver({ name: 'look again', handle: () => undefined })
        })
      }
      return taken
    }
  },
}

/** Silence is taken for death: a lost connection gives the launcher's jobs to others. */
const silenceIsDeath: PlantedBug = {
  name: 'silence is death',
  core(core) {
    const look = (): void => {
      core.loop.deliver({
        name: 'silence is death',
        handle(turn) {
          const tokens = [...core.site.leases.values()]
            .filter((job) => core.site.launchers.get(job.launcher)?.link === null)
            .map((job) => job.token)
          if (tokens.length > 0) decideIn(core, turn, ['lost', tokens, 'lost', 'it was silent'])
        },
      })
      core.clock.after(1_000, look)
    }
    core.clock.after(1_000, look)
  },
}

/** What the spawners of an ended allocation wrote down is not read. */
const journalsNotRead: PlantedBug = {
  name: 'journals not read',
  core(core) {
    Object.assign(core.services, { readExits: async () => ({ flat: [], reasons: [] }) })
  },
}

/** A hook that was given away stays in its queue now and then. */
const stepsTwice: PlantedBug = {
  name: 'steps twice',
  core(core) {
    const { steps } = core.site
    const { take } = steps
    steps.take = (queue, count, spans) => {
      const taken = take.call(steps, queue, count, spans)
      const [job] = taken.jobs
      if (job !== undefined) {
        core.clock.after(500, () => {
          if (!job.isStepQueued) steps.addJob(job)
          core.loop.deliver({ name: 'look again', handle: () => undefined })
        })
      }
      return taken
    }
  },
}

/** A daemon that starts takes the hooks of the last one for gone. */
const restartForgetsSteps: PlantedBug = {
  name: 'restart forgets steps',
  core(core) {
    core.loop.deliver({
      name: 'restart forgets steps',
      handle(turn) {
        const steps = [...core.site.leases.values()].filter((job) => job.step !== 0)
        const tokens = steps.map((job) => job.token)
        if (tokens.length > 0) decideIn(core, turn, ['lost', tokens, 'lost', 'forgotten'])
      },
    })
  },
}

/** A step's outcome counts whatever became of the job meanwhile: its handler ends as if unheard. */
const lateOutcome: PlantedBug = {
  name: 'late outcome',
  core(core) {
    const { leases } = core.site
    const { get } = leases
    leases.get = (token) => {
      const job = get.call(leases, token)
      if (job !== undefined && job.step !== 0 && stepIn(job.state) === undefined) {
        job.state = job.step
      }
      return job
    }
  },
}

/** New versions of specs are laid down and told of, but the commit doesn't settle them. */
const changesNotSettled: PlantedBug = {
  name: 'changes not settled',
  store: (store) => ({
    ...store,
    commit: (turn) => store.commit({ ...turn, settledChanges: [] }),
  }),
}

/** The journal does not say who waits for whom. */
const edgesNotJournaled: PlantedBug = {
  name: 'edges not journaled',
  store: (store) => ({
    ...store,
    commit: (turn) => {
      const records = decodeRecords(turn.body).map(
        (record): JournalRecord => (record[0] === 'submit' ? ['submit', record[1]] : record),
      )
      return store.commit({ ...turn, body: encodeRecords(records) })
    },
  }),
}

/** A restart does not read the edges of waiting jobs. */
const edgesForgotten: PlantedBug = {
  name: 'edges forgotten',
  store: (store) => ({
    ...store,
    open: async (owner) => ({
      ...(await store.open(owner)),
      waiting: { edges: [], ends: [] },
    }),
  }),
}

/** A count is taken off twice: a child of two parents goes on with the first. */
const oneParentIsEnough: PlantedBug = {
  name: 'one parent is enough',
  core(core) {
    const { dag } = core.site
    const { moved, takeNews } = dag
    let ended: [number, number][] = []
    dag.moved = (lo, hi, from, to) => {
      if (to === finished) ended.push([lo, hi])
      moved.call(dag, lo, hi, from, to)
    }
    dag.takeNews = (isWaiting) => {
      const news = takeNews.call(dag, isWaiting)
      const early = ended.flatMap(([lo, hi]) => dag.waitersOf(lo, hi))
      ended = []
      return news === null ? null : { ...news, released: [...news.released, ...early] }
    }
  },
}

/** Nobody hears of a failed parent. */
const failureNotTold: PlantedBug = {
  name: 'failure not told',
  core(core) {
    const { dag } = core.site
    const { moved } = dag
    dag.moved = (lo, hi, from, to) => {
      if (to === finished) moved.call(dag, lo, hi, from, to)
    }
  },
}

const finished = stateNumber('JOB_FINISHED')

/** All of them. */
export const plantedBugs: readonly PlantedBug[] = [
  noFence,
  ackBeforeCommit,
  noDedupe,
  leaseNotChecked,
  resumeForgetsRunning,
  doubleAssign,
  silenceIsDeath,
  journalsNotRead,
  stepsTwice,
  restartForgetsSteps,
  lateOutcome,
  changesNotSettled,
  edgesNotJournaled,
  edgesForgotten,
  oneParentIsEnough,
  failureNotTold,
]
