// A launcher's end of a connection for tests of the core: says what the test says, keeps what it
// hears. Must never act by itself.
import type { LauncherPeer } from '../../../../daemon/links/door.ts'
import { decodeDaemonFrame, encodeFrame } from '../../../../protocol/codec.ts'
import {
  type AssignFrame,
  assignStride,
  type DaemonFrame,
  frameKind,
  type HelloFacts,
  type LauncherFrame,
} from '../../../../protocol/frames.ts'
import { quiet, type TestSite } from './site.ts'

/** A task as an assign frame names it. */
export interface AssignedTask {
  readonly job: number
  readonly attempt: number
  readonly token: number
  readonly template: number
}

/** One connection of a launcher. */
export class TestLauncher {
  readonly heard: DaemonFrame[] = []
  closedFor: string | null = null
  isAccepted = false
  /** What its link says is not yet taken by the network. */
  buffered = 0
  private readonly site: TestSite
  private readonly handlers

  constructor(site: TestSite, peer: LauncherPeer = { allocationId: null, isLocal: true }) {
    this.site = site
    this.handlers = site.door.launcherConnected(
      {
        send: (frame) => this.heard.push(decodeDaemonFrame(frame)),
        bufferedBytes: () => this.buffered,
        close: (reason) => {
          this.closedFor ??= reason
        },
        accept: () => {
          this.isAccepted = true
        },
      },
      peer,
    )
  }

  /** Says hello and hears the answer. */
  async hello(allocationId: number, parts: Partial<HelloFacts> = {}): Promise<this> {
    this.say(helloTo(allocationId, parts))
    await this.site.run(this.site.core.settled())
    return this
  }

  say(frame: LauncherFrame): void {
    this.handlers.onFrame(encodeFrame(frame))
  }

  /** Says it, and waits until everything that follows from it is written and sent. */
  async tell(frame: LauncherFrame): Promise<void> {
    this.say(frame)
    await this.site.run(this.site.core.settled())
    await quiet()
  }

  /** Reports starts. */
  started(...tokens: number[]): Promise<void> {
    return this.tell([frameKind.started, tokens.flatMap((token) => [token, 1_000])])
  }

  /** Reports the exits of these tasks, all with this code. */
  exited(code: number, ...tokens: number[]): Promise<void> {
    return this.tell([frameKind.exited, 1, exits(code, tokens), []])
  }

  /** The link breaks. */
  async cut(): Promise<void> {
    this.handlers.onClose('cut by the test')
    await this.site.run(this.site.core.settled())
  }

  /** Frames of one kind, in the order in which they came. */
  of(kind: DaemonFrame[0]): DaemonFrame[] {
    return this.heard.filter((frame) => frame[0] === kind)
  }

  /** Every task that it was assigned over this link. */
  tasks(): AssignedTask[] {
    return this.heard
      .filter((frame): frame is AssignFrame => frame[0] === frameKind.assign)
      .flatMap((frame) => tasksOf(frame[3]))
  }

  /** Tokens of its tasks. */
  tokens(): number[] {
    return this.tasks().map(({ token }) => token)
  }

  /** Commands of the templates that it was sent, in order. */
  commands(): string[] {
    return this.heard
      .filter((frame): frame is AssignFrame => frame[0] === frameKind.assign)
      .flatMap((frame) => frame[2].map(({ argv }) => argv.join(' ')))
  }

  /** Tokens that it was told to kill. */
  killed(): number[] {
    return this.heard.flatMap((frame) => (frame[0] === frameKind.kill ? frame[2] : []))
  }
}

/** The hello of a launcher of 4 cores. */
export function helloTo(allocationId: number, parts: Partial<HelloFacts> = {}): LauncherFrame {
  return [
    frameKind.hello,
    {
      versionOldest: 1,
      versionNewest: 1,
      siteId: 'site',
      allocationId,
      nodeIndex: 0,
      node: 'node0',
      incarnation: 'first',
      pid: 1,
      cpus: 4,
      memoryMiB: 1_000,
      epochSeen: 0,
      held: [],
      hookSlots: 0,
      ...parts,
    },
  ]
}

/** Flat exits of tasks that ran for 10 ms. */
export function exits(code: number, tokens: readonly number[]): number[] {
  return tokens.flatMap((token) => [token, code, 0, 1_000, 10, 1, 1, 1_000, 0])
}

function tasksOf(flat: readonly number[]): AssignedTask[] {
  const tasks: AssignedTask[] = []
  for (let at = 0; at < flat.length; at += assignStride) {
    const [job = 0, attempt = 0, token = 0, template = 0] = flat.slice(at, at + assignStride)
    tasks.push({ job, attempt, token, template })
  }
  return tasks
}
