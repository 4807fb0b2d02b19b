// Launchers to rows and back: the machine's snapshot with the facts that belong to it.
import { createActor } from 'xstate'
import { launcherMachine, launcherVersion } from '../../machines/launcher.ts'
import { openLive, type StoredSnapshot, storedSnapshot } from '../../machines/live.ts'
import { nodeMachine, nodeVersion } from '../../machines/node.ts'
import type { ActorRow } from '../store/rows.ts'
import type { Core } from './core.ts'
import type { LauncherFacts, LauncherLive, LauncherState, NodeLive } from './launcher-state.ts'
import { fromStore } from './stored-json.ts'
import type { Turn } from './turn.ts'

interface StoredNode {
  readonly stored: StoredSnapshot
}

interface StoredLauncher extends StoredNode {
  readonly facts: LauncherFacts
}

/** A launcher that was never heard of before. */
export function makeLauncher(core: Core, id: number, facts: LauncherFacts): LauncherState {
  const launcher = launcherOf(
    id,
    facts,
    openLive(createActor(launcherMachine), launcherVersion),
    openLive(createActor(nodeMachine), nodeVersion),
  )
  core.site.launchers.set(id, launcher)
  return launcher
}

/** Puts the launcher's row into the turn's commit. */
export function storeLauncher(core: Core, turn: Turn, launcher: LauncherState): void {
  const { id } = launcher
  const body = JSON.stringify({ stored: launcher.live.stored(), facts: launcher.facts })
  turn.actors.set(`launcher:${id}`, { kind: 'launcher', id, version: launcherVersion, body })
  const node = JSON.stringify({ stored: launcher.node.stored() })
  turn.actors.set(`node:${id}`, { kind: 'node', id, version: nodeVersion, body: node })
  core.log.debug('launcher', { id, state: launcher.live.state() })
}

/** A launcher as an earlier reign left it: its link is gone. */
export function restoreLauncher(row: ActorRow, nodeRow: ActorRow | undefined): LauncherState {
  const { stored, facts } = fromStore<StoredLauncher>(row.body)
  const actor = createActor(launcherMachine, { snapshot: storedSnapshot(stored, launcherVersion) })
  const snapshot =
    nodeRow && storedSnapshot(fromStore<StoredNode>(nodeRow.body).stored, nodeVersion)
  const node = createActor(nodeMachine, snapshot ? { snapshot } : {})
  const launcher = launcherOf(
    row.id,
    facts,
    openLive(actor, launcherVersion),
    openLive(node, nodeVersion),
  )
  launcher.live.deliver({ type: 'RESUME' })
  launcher.node.deliver({ type: 'RESUME' })
  return launcher
}

function launcherOf(
  id: number,
  facts: LauncherFacts,
  live: LauncherLive,
  node: NodeLive,
): LauncherState {
  return {
    id,
    facts,
    live,
    node,
    link: null,
    templates: new Set(),
    usedCpus: 0,
    leases: 0,
    steps: 0,
    meanTaskMs: null,
    isRecalling: false,
    lastHeardMs: 0,
    connectedAtMs: null,
    running: 0,
    queued: 0,
  }
}
