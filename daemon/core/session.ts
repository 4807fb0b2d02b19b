// One connection of a launcher, from its first frame to its end.
// Must never decide what a frame means.
import { encodeFrame } from '../../protocol/codec.ts'
import type { Fault } from '../../protocol/faults.ts'
import { frameKind } from '../../protocol/frames.ts'
import type { Door, LauncherLink, LauncherPeer } from '../links/door.ts'
import type { Core } from './core.ts'
import type { LauncherState } from './launcher-state.ts'

/** A connection and the launcher that it turned out to be. */
export interface Session {
  readonly link: LauncherLink
  readonly peer: LauncherPeer
  /** For the calls of its tasks. */
  readonly door: Door
  launcher: LauncherState | null
  isClosed: boolean
}

/** Ends a connection with a reason; nothing else changes. */
export function refuse(core: Core, session: Session, error: Fault): void {
  core.log.warn('a launcher was refused', { code: error.code, said: error.message })
  session.link.send(encodeFrame([frameKind.refused, error.code, error.message]))
  session.link.close(error.code)
}
