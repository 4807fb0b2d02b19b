// Connections of the simulated network: frames arrive late but in order,
// until the connection breaks.
// A break loses what is under way, and each side learns of it at a time of its own; a partition
// holds everything back until it heals.
import type { FrameLink, FrameLinkHandlers, Randomness } from '../../../protocol/ports.ts'
import type { Life, TimeLine } from './virtual-time.ts'

/** How bad the network is. */
export interface Weather {
  /** Longest delay of a frame in ms. */
  delayMsMax: number
  /** Chance that sending a frame breaks the connection. */
  breakChance: number
}

interface Side {
  readonly life: Life
  handlers: FrameLinkHandlers | null
  /** When the last frame towards this side arrives: order is kept. */
  lastArrivalMs: number
  isClosed: boolean
}

/** One connection between two processes. */
export class Connection {
  readonly ends: readonly [FrameLink, FrameLink]
  private readonly sides: readonly [Side, Side]
  private readonly network: Network
  private isBroken = false

  constructor(network: Network, lives: readonly [Life, Life]) {
    this.network = network
    const side = (life: Life): Side => ({ life, handlers: null, lastArrivalMs: 0, isClosed: false })
    this.sides = [side(lives[0]), side(lives[1])]
    this.ends = [this.end(0), this.end(1)]
  }

  /** Says who hears at an end. */
  attach(end: 0 | 1, handlers: FrameLinkHandlers): void {
    this.sides[end].handlers = handlers
  }

  /** Breaks it: what is under way is lost, and the sides learn of it one after the other. */
  break(reason: string): void {
    if (this.isBroken) return
    this.isBroken = true
    for (const side of this.sides) this.network.later(() => this.tell(side, reason), 5_000)
  }

  /** True when one of the two processes is this. */
  concerns(life: Life): boolean {
    return this.sides.some((side) => side.life === life)
  }

  private end(index: 0 | 1): FrameLink {
    const own = this.sides[index]
    const other = this.sides[index === 0 ? 1 : 0]
    return {
      send: (frame) => {
        if (own.isClosed || own.life.isOver || this.isBroken) return
        if (this.network.random.next() < this.network.weather.breakChance)
          return this.break('reset by the network')
        this.carry(other, Uint8Array.from(frame))
      },
      bufferedBytes: () => 0,
      close: (reason) => {
        if (own.isClosed) return
        own.isClosed = true
        this.network.later(() => own.handlers?.onClose(reason), 1, own.life)
        this.network.later(() => {
          this.isBroken = true
          this.tell(other, reason)
        })
      },
    }
  }

  private carry(to: Side, frame: Uint8Array): void {
    const { time } = this.network
    const arrivalMs = Math.max(to.lastArrivalMs, time.nowMs + this.network.delayMs())
    to.lastArrivalMs = arrivalMs
    const arrive = (): void => {
      if (this.isBroken || to.isClosed || to.life.isOver) return
      if (this.network.isCut(this)) {
        time.schedule(100, arrive)
        return
      }
      to.handlers?.onFrame(frame)
    }
    time.schedule(arrivalMs - time.nowMs, arrive)
  }

  private tell(side: Side, reason: string): void {
    if (side.isClosed || side.life.isOver) return
    side.isClosed = true
    side.handlers?.onClose(reason)
  }
}

/** All connections of a world. */
export class Network {
  readonly time: TimeLine
  readonly random: Randomness
  readonly weather: Weather
  private connections: Connection[] = []
  private readonly cut = new Set<Life>()

  constructor(time: TimeLine, random: Randomness, weather: Weather) {
    this.time = time
    this.random = random
    this.weather = weather
  }

  /** A new connection between two living processes. */
  connect(lives: readonly [Life, Life]): Connection {
    const connection = new Connection(this, lives)
    this.connections.push(connection)
    return connection
  }

  /** A process has died: its peers learn of it sooner or later. */
  died(life: Life): void {
    for (const connection of this.connections)
      if (connection.concerns(life)) connection.break('the peer died')
    this.connections = this.connections.filter((connection) => !connection.concerns(life))
  }

  /** Breaks one connection by chance. */
  breakOne(): void {
    const index = Math.floor(this.random.next() * this.connections.length)
    this.connections[index]?.break('cable')
    this.connections.splice(index, 1)
  }

  /** Cuts a process off until it is healed: frames wait, as TCP makes them. */
  partition(life: Life, ms: number): void {
    this.cut.add(life)
    this.time.schedule(ms, () => this.cut.delete(life))
  }

  /** True while frames of this connection are held back. */
  isCut(connection: Connection): boolean {
    for (const life of this.cut) if (connection.concerns(life)) return true
    return false
  }

  /** Calls after a delay, unless the process that would hear it has died. */
  later(call: () => void, msMax = this.weather.delayMsMax, life?: Life): void {
    this.time.schedule(this.random.next() * msMax, () => {
      if (life?.isOver !== true) call()
    })
  }

  delayMs(): number {
    return this.random.next() * this.weather.delayMsMax
  }
}
