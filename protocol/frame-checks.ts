// Checks of every frame, in both directions, written by hand because some carry 1,000 tasks.
// Must never let a value through that the types in frames.ts do not allow; throws FRAME_INVALID.
import { fault } from './faults.ts'
import type { DaemonFrame, HelloFacts, LauncherFrame, StepPlan, TaskTemplate } from './frames.ts'
import { assignStride, exitStride, frameKind } from './frames.ts'
import type { PythonCall } from './job.ts'
import { limits } from './limits.ts'

/** Names, versions, codes: anything short that is not a path or a message. */
const wordLengthMax = 256
/** Paths and messages. */
const textLengthMax = 8 * 1024

/** Checks a decoded value as a launcher's frame. @throws Fault FRAME_INVALID */
export function checkLauncherFrame(value: unknown): LauncherFrame {
  const frame = list(value, 'frame', 8)
  switch (frame[0]) {
    case frameKind.hello:
      length(frame, 2, 'hello')
      return [frameKind.hello, helloFacts(frame[1])]
    case frameKind.started:
      length(frame, 2, 'started')
      return [frameKind.started, tuples(frame[1], 2, limits.heldTasksMax, 'started')]
    case frameKind.exited:
      length(frame, 4, 'exited')
      return [frameKind.exited, natural(frame[1], 'report'), exits(frame[2]), reasons(frame[3])]
    case frameKind.returned:
      length(frame, 2, 'returned')
      return [frameKind.returned, naturals(frame[1], limits.heldTasksMax, 'tokens')]
    case frameKind.heartbeat:
      length(frame, 5, 'heartbeat')
      return [
        frameKind.heartbeat,
        natural(frame[1], 'running'),
        natural(frame[2], 'queued'),
        amount(frame[3], 'load'),
        amount(frame[4], 'memory'),
      ]
    case frameKind.bye:
      length(frame, 2, 'bye')
      return [frameKind.bye, text(frame[1], 'reason', textLengthMax)]
    case frameKind.call:
      length(frame, 6, 'call')
      return [
        frameKind.call,
        natural(frame[1], 'call id'),
        text(frame[2], 'method', 16),
        text(frame[3], 'path', textLengthMax),
        text(frame[4], 'body', limits.callBodyBytesMax),
        natural(frame[5], 'token'),
      ]
    default:
      throw wrong('kind', 'is not a launcher frame')
  }
}

/** Checks a decoded value as a daemon's frame. @throws Fault FRAME_INVALID */
export function checkDaemonFrame(value: unknown): DaemonFrame {
  const frame = list(value, 'frame', 8)
  switch (frame[0]) {
    case frameKind.welcome:
      length(frame, 5, 'welcome')
      return [
        frameKind.welcome,
        natural(frame[1], 'version'),
        natural(frame[2], 'epoch'),
        natural(frame[3], 'launcher'),
        positive(frame[4], 'heartbeatMs'),
      ]
    case frameKind.refused:
      length(frame, 3, 'refused')
      return [
        frameKind.refused,
        text(frame[1], 'code', wordLengthMax),
        text(frame[2], 'message', textLengthMax),
      ]
    case frameKind.assign:
      length(frame, 5, 'assign')
      return [
        frameKind.assign,
        natural(frame[1], 'epoch'),
        list(frame[2], 'templates', limits.assignTasksMax).map(template),
        tuples(frame[3], assignStride, limits.assignTasksMax, 'tasks'),
        naturals(frame[4], limits.heldTasksMax, 'forgotten templates'),
      ]
    case frameKind.ack:
      length(frame, 3, 'ack')
      return [frameKind.ack, natural(frame[1], 'epoch'), natural(frame[2], 'report')]
    case frameKind.kill:
      length(frame, 4, 'kill')
      return [
        frameKind.kill,
        natural(frame[1], 'epoch'),
        naturals(frame[2], limits.heldTasksMax, 'tokens'),
        natural(frame[3], 'graceMs'),
      ]
    case frameKind.recall:
      length(frame, 3, 'recall')
      return [frameKind.recall, natural(frame[1], 'epoch'), natural(frame[2], 'count')]
    case frameKind.takeBack:
      length(frame, 3, 'takeBack')
      return [
        frameKind.takeBack,
        natural(frame[1], 'epoch'),
        naturals(frame[2], limits.heldTasksMax, 'tokens'),
      ]
    case frameKind.drain:
      length(frame, 4, 'drain')
      return [
        frameKind.drain,
        natural(frame[1], 'epoch'),
        drainMode(frame[2]),
        natural(frame[3], 'graceMs'),
      ]
    case frameKind.answer:
      length(frame, 4, 'answer')
      return [
        frameKind.answer,
        natural(frame[1], 'call id'),
        positive(frame[2], 'status'),
        text(frame[3], 'body', limits.frameBytesMax),
      ]
    default:
      throw wrong('kind', 'is not a daemon frame')
  }
}

function helloFacts(value: unknown): HelloFacts {
  const facts = fields(value, 'hello')
  return {
    versionOldest: positive(facts['versionOldest'], 'versionOldest'),
    versionNewest: positive(facts['versionNewest'], 'versionNewest'),
    siteId: text(facts['siteId'], 'siteId', wordLengthMax),
    allocationId: natural(facts['allocationId'], 'allocationId'),
    nodeIndex: natural(facts['nodeIndex'], 'nodeIndex'),
    node: text(facts['node'], 'node', wordLengthMax),
    incarnation: text(facts['incarnation'], 'incarnation', wordLengthMax),
    pid: natural(facts['pid'], 'pid'),
    cpus: natural(facts['cpus'], 'cpus'),
    memoryMiB: amount(facts['memoryMiB'], 'memoryMiB'),
    epochSeen: natural(facts['epochSeen'], 'epochSeen'),
    held: naturals(facts['held'], limits.heldTasksMax, 'held'),
    // A launcher of an earlier build has none.
    hookSlots: natural(facts['hookSlots'] ?? 0, 'hookSlots'),
  }
}

function template(value: unknown): TaskTemplate {
  const facts = fields(value, 'template')
  const argv = list(facts['argv'], 'argv', limits.argsBytesMax).map((word) => commandWord(word))
  if (argv.length === 0) throw wrong('argv', 'is empty')
  const arrayOffset = facts['arrayOffset']
  const workdirRoot = facts['workdirRoot']
  const cpus = amount(facts['cpus'], 'cpus')
  const step = facts['step'] === undefined ? {} : { step: stepPlan(facts['step']) }
  if (cpus <= 0 && facts['step'] === undefined) throw wrong('cpus', 'is not positive')
  return {
    templateId: natural(facts['templateId'], 'templateId'),
    name: text(facts['name'], 'name', wordLengthMax),
    argv,
    environment: environment(facts['environment']),
    envscript: path(facts['envscript'], 'envscript'),
    cpus,
    arrayOffset: arrayOffset === null ? null : integer(arrayOffset, 'arrayOffset'),
    workdirRoot: workdirRoot === null ? null : path(workdirRoot, 'workdirRoot'),
    cwd: path(facts['cwd'], 'cwd'),
    output: output(facts['output']),
    ...(facts['python'] === undefined ? {} : { python: pythonCall(facts['python']) }),
    ...(facts['isCwdMade'] === true ? { isCwdMade: true } : {}),
    ...step,
  }
}

function pythonCall(value: unknown): PythonCall {
  const facts = fields(value, 'python')
  return {
    interpreter: path(facts['interpreter'], 'interpreter'),
    payload: text(facts['payload'], 'payload', limits.pythonPayloadLengthMax),
    context: path(facts['context'], 'context'),
    resultFile: path(facts['resultFile'], 'resultFile'),
  }
}

function stepPlan(value: unknown): StepPlan {
  const plan = fields(value, 'step')
  const timeoutMs = positive(plan['timeoutMs'], 'timeoutMs')
  const kind = plan['kind']
  if (kind === 'hook') {
    const log = path(plan['log'], 'log', wordLengthMax)
    const header = path(plan['header'], 'header', limits.argsBytesMax + wordLengthMax)
    return { kind, log, header, tailLines: natural(plan['tailLines'], 'tailLines'), timeoutMs }
  }
  const url = path(plan['url'], 'url')
  const globs = list(plan['globs'], 'globs', limits.globsMax).map((glob) => path(glob, 'glob'))
  if (kind === 'stageOut') return { kind, url, globs, timeoutMs }
  if (kind !== 'stageIn') throw wrong('step', 'is of an unknown kind')
  const parents = list(plan['parents'], 'parents', limits.parentsMax).map((item) => {
    const parent = list(item, 'parent', 2)
    return [natural(parent[0], 'parent'), path(parent[1], 'directory')] as const
  })
  const parentsTotal = natural(plan['parentsTotal'], 'parentsTotal')
  return { kind, url, globs, parents, parentsTotal, timeoutMs }
}

function environment(value: unknown): Readonly<Record<string, string>> {
  const entries = Object.entries(fields(value, 'environment')).map(([name, set]) => {
    if (name === '' || /[=\0]/.test(name)) throw wrong('environment', 'has an impossible name')
    return [name, commandWord(set)] as const
  })
  return Object.fromEntries(entries)
}

function output(value: unknown): TaskTemplate['output'] {
  if (value === null || value === 'workdir') return value
  return { file: path(fields(value, 'output')['file'], 'output') }
}

/** A word of a command or a value of a variable: the system ends it at a NUL. */
function commandWord(value: unknown): string {
  return path(value, 'word', limits.argsBytesMax)
}

function path(value: unknown, what: string, lengthMax: number = textLengthMax): string {
  const found = text(value, what, lengthMax)
  if (found.includes('\0')) throw wrong(what, 'holds a NUL')
  return found
}

function drainMode(value: unknown): 'finish' | 'stop' {
  if (value !== 'finish' && value !== 'stop') throw wrong('mode', 'is unknown')
  return value
}

function exits(value: unknown): readonly number[] {
  const flat = list(value, 'exits', exitStride * limits.reportExitsMax)
  if (flat.length % exitStride !== 0) throw wrong('exits', 'are not whole')
  for (let i = 0; i < flat.length; i++) {
    const field = i % exitStride
    const lowest = field === 1 ? -1 : field === 7 ? Number.MIN_SAFE_INTEGER : 0
    if (!isIntegerFrom(flat[i], lowest)) throw wrong('exits', 'hold something impossible')
  }
  return allNumbers(flat)
}

function reasons(value: unknown): readonly (readonly [number, string])[] {
  return list(value, 'reasons', limits.reportExitsMax).map((item) => {
    const pair = list(item, 'reason', 2)
    length(pair, 2, 'reason')
    return [natural(pair[0], 'token'), text(pair[1], 'reason', textLengthMax)] as const
  })
}

function tuples(value: unknown, stride: number, most: number, what: string): readonly number[] {
  const flat = naturals(value, most * stride, what)
  if (flat.length % stride !== 0) throw wrong(what, 'are not whole')
  return flat
}

function naturals(value: unknown, most: number, what: string): readonly number[] {
  const flat = list(value, what, most)
  for (let i = 0; i < flat.length; i++) {
    if (!isIntegerFrom(flat[i], 0)) throw wrong(what, 'hold something else than natural numbers')
  }
  return allNumbers(flat)
}

/** Only after each item was seen to be a number: a copy would cost more than all the checks. */
function allNumbers(flat: readonly unknown[]): readonly number[] {
  return flat as readonly number[]
}

function isIntegerFrom(value: unknown, lowest: number): boolean {
  return typeof value === 'number' && value >= lowest && Number.isSafeInteger(value)
}

function natural(value: unknown, what: string): number {
  const found = integer(value, what)
  if (found < 0) throw wrong(what, 'is negative')
  return found
}

function positive(value: unknown, what: string): number {
  const found = integer(value, what)
  if (found <= 0) throw wrong(what, 'is not positive')
  return found
}

function integer(value: unknown, what: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw wrong(what, 'is no integer')
  return value
}

/** A finite number that is not negative: loads, memory, shares of a node. */
function amount(value: unknown, what: string): number {
  if (typeof value !== 'number' || !Number.isFinite(value) || value < 0) {
    throw wrong(what, 'is no amount')
  }
  return value
}

function text(value: unknown, what: string, lengthMax: number): string {
  if (typeof value !== 'string') throw wrong(what, 'is no text')
  if (value.length > lengthMax) throw wrong(what, `is longer than ${lengthMax}`)
  return value
}

function list(value: unknown, what: string, most: number): readonly unknown[] {
  if (!Array.isArray(value)) throw wrong(what, 'is no list')
  if (value.length > most) throw wrong(what, `has more than ${most} items`)
  return value
}

function fields(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw wrong(what, 'is no map')
  }
  return value as Readonly<Record<string, unknown>>
}

function length(frame: readonly unknown[], wanted: number, what: string): void {
  if (frame.length !== wanted) throw wrong(what, `has ${frame.length} parts instead of ${wanted}`)
}

function wrong(what: string, problem: string): Error {
  return fault('FRAME_INVALID', { what: `${what} ${problem}` })
}
