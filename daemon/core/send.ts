// What a durable turn sends to launchers: assignments with the templates they need, kills, recalls.
// Runs after the commit only; all of it can be sent again without harm.

import { encodeFrame } from '../../protocol/codec.ts'
import type { DaemonFrame } from '../../protocol/frames.ts'
import {
  type AssignFrame,
  assignStride,
  frameKind,
  type TaskTemplate,
} from '../../protocol/frames.ts'
import { limits } from '../../protocol/limits.ts'
import type { Core } from './core.ts'
import type { LauncherState } from './launcher-state.ts'
import type { OpenJob } from './open-job.ts'
import { templateSite } from './reads.ts'
import { ownTemplateId, ownTemplateOf } from './step-template.ts'
import { templateOf } from './template.ts'
import type { Turn } from './turn.ts'
import { type JobParents, parentsOf, type TurnParents } from './turn-parents.ts'

/** Loads the specs that the turn's assignments need, while the commit is under way. */
export async function prepareSends(core: Core, turn: Turn, written: Promise<void>): Promise<void> {
  if (turn.assignments.size === 0) return
  const wanted = new Set<number>()
  for (const jobs of turn.assignments.values()) {
    for (const job of jobs) wanted.add(job.spec)
  }
  await core.specs.want(wanted)
  turn.parents = await parentsOf(core, turn, [...turn.assignments.values()].flat(), written)
}

/** Sends everything that the turn decided to send. */
export function sendTurn(core: Core, turn: Turn): void {
  for (const [launcherId, jobs] of turn.assignments) {
    const launcher = core.site.launchers.get(launcherId)
    if (launcher?.link) assign(core, launcher, jobs, turn.parents)
  }
  for (const [id, some] of Map.groupBy(turn.takeBacks, ({ launcher }) => launcher)) {
    const tokens = some.map(({ token }) => token)
    send(core.site.launchers.get(id), [frameKind.takeBack, core.reign.epoch, tokens])
  }
  sendKills(core, turn)
  for (const { launcher, count } of turn.recalls) {
    send(core.site.launchers.get(launcher), [frameKind.recall, core.reign.epoch, count])
  }
}

/** Sends one frame to a launcher, if it is connected. */
export function send(launcher: LauncherState | undefined, frame: DaemonFrame): void {
  launcher?.link?.send(encodeFrame(frame))
}

function assign(
  core: Core,
  launcher: LauncherState,
  jobs: readonly OpenJob[],
  parents: TurnParents,
): void {
  for (const some of framefuls(jobs, parents)) {
    send(launcher, assignFrame(core, launcher, some, parents))
  }
}

/** Parts of an assignment that fit a frame: thousands of parents take their room. */
function framefuls(jobs: readonly OpenJob[], parents: TurnParents): OpenJob[][] {
  const parts: OpenJob[][] = [[]]
  let named = 0
  for (const job of jobs) {
    named += parents.get(job.id)?.ids.length ?? 0
    const part = parts.at(-1) ?? []
    if (part.length > 0 && (part.length >= limits.assignTasksMax || named > parentsInFrameMax)) {
      parts.push([job])
      named = parents.get(job.id)?.ids.length ?? 0
    } else part.push(job)
  }
  return parts
}

/** Ids and directories of so many parents are at most some megabytes. */
const parentsInFrameMax = limits.parentsNamedMax

function assignFrame(
  core: Core,
  launcher: LauncherState,
  jobs: readonly OpenJob[],
  parents: TurnParents,
): AssignFrame {
  const templates: TaskTemplate[] = []
  const used: number[] = []
  const tasks = new Array<number>(jobs.length * assignStride)
  let at = 0
  for (const job of jobs) {
    // A lease that ended between decision and sending (it was killed) is not sent.
    if (job.token === 0) continue
    const above = parents.get(job.id)
    const isOwn = job.step !== 0 || above !== undefined
    if (isOwn || !launcher.templates.has(job.spec)) {
      addTemplate(core, launcher, job, above, templates, used)
    }
    tasks[at] = job.id
    tasks[at + 1] = job.context.attempts
    tasks[at + 2] = job.token
    tasks[at + 3] = isOwn ? ownTemplateId(job) : job.spec
    at += assignStride
  }
  tasks.length = at
  return [frameKind.assign, core.reign.epoch, templates, tasks, used]
}

/** An array's template is kept by the launcher; a single job's is used once. */
function addTemplate(
  core: Core,
  launcher: LauncherState,
  job: OpenJob,
  parents: JobParents | undefined,
  templates: TaskTemplate[],
  used: number[],
): void {
  const spec = core.specs.get(job.spec)
  if (spec === undefined) throw new Error(`the spec of job ${job.id} was not loaded`)
  if (job.step !== 0 || parents !== undefined) {
    templates.push(ownTemplateOf(templateSite(core), spec, job, core.steps, parents))
    used.push(ownTemplateId(job))
    return
  }
  templates.push(templateOf(templateSite(core), spec, job.cpus))
  if (spec.lo === spec.hi) used.push(spec.lo)
  else launcher.templates.add(spec.lo)
}

function sendKills(core: Core, turn: Turn): void {
  const graceMs = turn.killGraceMs ?? core.killGraceMs
  for (const isStep of [false, true]) {
    const kills = turn.kills.filter((kill) => (kill.isStep === true) === isStep)
    const grace = isStep ? Math.min(graceMs, limits.hookGraceMs) : graceMs
    for (const [id, some] of Map.groupBy(kills, ({ launcher }) => launcher)) {
      const tokens = some.map(({ token }) => token)
      send(core.site.launchers.get(id), [frameKind.kill, core.reign.epoch, tokens, grace])
    }
  }
}
