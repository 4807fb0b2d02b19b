// The launcher's connection: dial, hello, welcome, and again with back-off after every break.
// Must never pass on a frame of an older epoch, of an earlier link, or from before the welcome.
import { decodeDaemonFrame, encodeFrame } from '../../../protocol/codec.ts'
import type { FaultCode } from '../../../protocol/faults.ts'
import type { DaemonFrame, HelloFrame, LauncherFrame } from '../../../protocol/frames.ts'
import { frameKind, frameVersions } from '../../../protocol/frames.ts'
import { limits } from '../../../protocol/limits.ts'
import type { FrameLink, Timer } from '../../../protocol/ports.ts'
import type { LauncherPorts } from './ports.ts'

/** Refusals after which another try is of no use: the daemon has given this launcher up. */
const finalRefusals: readonly string[] = [
  'ALLOCATION_UNKNOWN',
  'FORBIDDEN',
  'LAUNCHER_REFUSED',
  'NOT_AUTHENTICATED',
] satisfies readonly FaultCode[]

/** Frames that follow the welcome. */
export type ServingFrame = Exclude<DaemonFrame, { readonly 0: 2 } | { readonly 0: 3 }>

/** What the owner of the connection does with it. */
export interface ConnectionHandlers {
  /** What to say first on a new link. */
  hello(): HelloFrame
  onWelcome(heartbeatMs: number): void
  onFrame(frame: ServingFrame): void
  /** The link broke; another try follows by itself. */
  onLost(): void
  /** The daemon wants no launcher of this allocation any more. */
  onRefused(code: string, message: string): void
}

/** The connection, over all its links. */
export interface Connection {
  open(): void
  /** Says whether a link took it: frames said while cut off are dropped. */
  send(frame: LauncherFrame): boolean
  isUp(): boolean
  /** Starts over with a new link. */
  reset(reason: string): void
  epochSeen(): number
  /** Ends it for good. */
  close(reason: string): void
}

/** A connection that is not open yet. */
export function makeConnection(ports: LauncherPorts, handlers: ConnectionHandlers): Connection {
  const { clock, dialer, log, randomness } = ports
  let link: FrameLink | null = null
  let isWelcome = false
  let isClosed = false
  let epoch = 0
  let failures = 0
  let timer: Timer | null = null

  const lost = (of: FrameLink | null, reason: string): void => {
    if (isClosed || link !== of) return
    const wasUp = isWelcome
    link = null
    isWelcome = false
    timer?.cancel()
    const waitMs = backOffMs(failures++, randomness.next())
    timer = clock.after(waitMs, open)
    if (wasUp || failures === 1) log.warn('the daemon is not reachable', { reason, waitMs })
    if (wasUp) handlers.onLost()
  }
  const drop = (reason: string): void => {
    const dropped = link
    lost(dropped, reason)
    dropped?.close(reason)
  }

  const receive = (bytes: Uint8Array): void => {
    let frame: DaemonFrame
    try {
      frame = decodeDaemonFrame(bytes)
    } catch (error) {
      drop(error instanceof Error ? error.message : String(error))
      return
    }
    if (frame[0] === frameKind.refused) refused(frame[1], frame[2])
    else if (frame[0] === frameKind.welcome) welcomed(frame[1], frame[2], frame[4])
    else if (!isWelcome) drop('the daemon did not say welcome')
    else if (isCurrent(frame)) handlers.onFrame(frame)
    else drop('a frame of an older epoch')
  }
  const isCurrent = (frame: ServingFrame): boolean => {
    if (frame[0] === frameKind.answer) return true
    if (frame[1] < epoch) return false
    epoch = frame[1]
    return true
  }
  const welcomed = (version: number, welcomeEpoch: number, heartbeatMs: number): void => {
    if (isWelcome) {
      drop('a second welcome')
      return
    }
    if (welcomeEpoch < epoch) {
      drop(`epoch ${welcomeEpoch} after ${epoch}`)
      return
    }
    if (version < frameVersions.oldest || version > frameVersions.newest) {
      drop(`frame version ${version}`)
      return
    }
    epoch = welcomeEpoch
    isWelcome = true
    failures = 0
    timer?.cancel()
    timer = null
    log.info('connected', { epoch })
    handlers.onWelcome(heartbeatMs)
  }
  const refused = (code: string, message: string): void => {
    log.error('the daemon refused this launcher', { code, message })
    if (finalRefusals.includes(code)) handlers.onRefused(code, message)
    else drop(`refused: ${code}`)
  }

  const open = (): void => {
    if (isClosed) return
    // An adaptor may answer before dial returns; until then there is no link to compare with.
    let dialled: FrameLink | null = null
    const isMine = (): boolean => !isClosed && dialled !== null && dialled === link
    dialled = dialer.dial({
      onOpen: () => {
        if (isMine()) link?.send(encodeFrame(handlers.hello()))
      },
      onFrame: (bytes) => {
        if (isMine()) receive(bytes)
      },
      onClose: (reason) => {
        if (isMine()) lost(dialled, reason)
      },
    })
    link = dialled
    timer?.cancel()
    timer = clock.after(limits.helloMsMax, () => drop('no welcome in time'))
  }

  return {
    open,
    send(frame) {
      if (link === null || !isWelcome) return false
      link.send(encodeFrame(frame))
      return true
    },
    isUp: () => isWelcome,
    reset: drop,
    epochSeen: () => epoch,
    close(reason) {
      if (isClosed) return
      isClosed = true
      isWelcome = false
      timer?.cancel()
      link?.close(reason)
      link = null
    },
  }
}

/** Doubling waits with jitter, so that a thousand launchers do not come back at once. */
function backOffMs(failures: number, chance: number): number {
  const fullMs = Math.min(
    limits.reconnectMsMax,
    limits.reconnectMsMin * 2 ** Math.min(failures, 20),
  )
  return fullMs / 2 + (fullMs / 2) * chance
}
