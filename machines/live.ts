// Live actors: launchers, nodes, allocations and the daemon, few enough to run in XState itself.
// The one door to such an actor. It collects effects and never acts: they wait for the commit.
import type { Snapshot } from 'xstate'

/** A snapshot as it is stored: plain JSON. */
export interface StoredSnapshot {
  readonly version: number
  readonly snapshot: Snapshot<unknown>
}

/** What is used of an XState actor. */
interface ActorDoor<State, Context, Event, Effect> {
  on(type: '*', listener: (effect: Effect) => void): unknown
  start(): unknown
  send(event: Event): void
  getSnapshot(): { readonly value: State; readonly context: Context }
  getPersistedSnapshot(): Snapshot<unknown>
}

/** One running actor. */
export interface Live<State, Context, Event, Effect> {
  /** Effects of the machine's first state; none when it was restored. */
  readonly first: readonly Effect[]
  /** Delivers an event and returns the effects that it has, in order. */
  deliver(event: Event): readonly Effect[]
  state(): State
  context(): Context
  /** What the store keeps. */
  stored(): StoredSnapshot
}

/**
 * Starts an actor made by createActor. Entry actions of a restored one don't run again: deliver
 * RESUME to have the effects of its state once more.
 */
export function openLive<State, Context, Event, Effect>(
  actor: ActorDoor<State, Context, Event, Effect>,
  version: number,
): Live<State, Context, Event, Effect> {
  let effects: Effect[] = []
  actor.on('*', (effect) => {
    effects.push(effect)
  })
  actor.start()
  return {
    first: effects,
    deliver: (event) => {
      effects = []
      actor.send(event)
      return effects
    },
    state: () => actor.getSnapshot().value,
    context: () => actor.getSnapshot().context,
    stored: () => ({ version, snapshot: actor.getPersistedSnapshot() }),
  }
}

/**
 * The snapshot for createActor, from what was stored. Throws when another version of the machine
 * wrote it: reading it with this one would be a guess.
 */
export function storedSnapshot(stored: StoredSnapshot, version: number): Snapshot<unknown> {
  if (stored.version !== version) {
    throw new Error(
      `a snapshot was stored by version ${stored.version} of its machine; this is ${version}`,
    )
  }
  return stored.snapshot
}
