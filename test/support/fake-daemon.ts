// A daemon that only speaks frames: a WebSocket server on a Unix socket that a test drives by hand.
// Must never decide anything by itself but to welcome and to acknowledge, and only when told to.
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { WebSocket } from 'ws'
import { WebSocketServer } from 'ws'
import { decodeLauncherFrame, encodeFrame } from '../../protocol/codec.ts'
import type { DaemonFrame, HelloFacts, LauncherFrame } from '../../protocol/frames.ts'
import { exitStride, frameKind } from '../../protocol/frames.ts'

/** One exit, by name. */
export interface FakeExit {
  readonly token: number
  readonly code: number
  readonly signal: number
  readonly startedAtMs: number
  readonly wallMs: number
  readonly rssKiB: number
  readonly reason: string | null
}

/** What a fake daemon does by itself. */
export interface FakeHabits {
  /** Answers a hello with a welcome of this epoch; null: says nothing. */
  readonly epoch: number | null
  readonly isAcknowledging: boolean
}

/** A launcher's connection as the fake daemon sees it. */
export interface FakePeer {
  readonly hello: HelloFacts
  send(frame: DaemonFrame): void
  isOpen(): boolean
}

/** Starts one on this socket path. */
export async function startFakeDaemon(socket: string, habits: FakeHabits) {
  rmSync(socket, { force: true })
  const server = createServer()
  const sockets = new WebSocketServer({ server, path: '/launcher', perMessageDeflate: false })
  const hellos: FakePeer[] = []
  const frames: LauncherFrame[] = []
  const exits: FakeExit[] = []
  const waiting = new Set<() => void>()
  const changed = () => {
    for (const look of waiting) look()
  }

  const receive = (ws: WebSocket, frame: LauncherFrame) => {
    const send = (answer: DaemonFrame) => ws.send(encodeFrame(answer))
    frames.push(frame)
    if (frame[0] === frameKind.hello) {
      hellos.push({ hello: frame[1], send, isOpen: () => ws.readyState === ws.OPEN })
      if (habits.epoch !== null) send([frameKind.welcome, 1, habits.epoch, 1, 1_000])
    }
    if (frame[0] === frameKind.exited) {
      const reasons = new Map(frame[3])
      for (let at = 0; at < frame[2].length; at += exitStride) {
        const [token = -1, code = -1, signal = 0, startedAtMs = 0, wallMs = 0] = frame[2].slice(at)
        const rssKiB = frame[2][at + 7] ?? 0
        const reason = reasons.get(token) ?? null
        exits.push({ token, code, signal, startedAtMs, wallMs, rssKiB, reason })
      }
      if (habits.isAcknowledging) send([frameKind.ack, habits.epoch ?? 1, frame[1]])
    }
    changed()
  }
  sockets.on('connection', (ws) => {
    ws.on('message', (data) => {
      if (Buffer.isBuffer(data)) receive(ws, decodeLauncherFrame(data))
    })
    ws.on('close', changed)
    ws.on('error', () => undefined)
  })
  server.listen(socket)
  await once(server, 'listening')

  return {
    socket,
    /** Every connection that said hello, oldest first. */
    hellos,
    /** Every frame that came. */
    frames,
    /** Every exit that was reported, repeated ones too. */
    exits,
    /** The newest connection. */
    peer(): FakePeer {
      const peer = hellos.at(-1)
      if (peer === undefined) throw new Error('no launcher has said hello')
      return peer
    },
    /** Resolves as soon as this holds; looked at after every frame. */
    async until(what: string, isTrue: () => boolean, timeoutMs = 20_000): Promise<void> {
      if (isTrue()) return
      const end = Promise.withResolvers<void>()
      const timer = setTimeout(() => end.reject(new Error(`never came: ${what}`)), timeoutMs)
      const look = () => {
        if (isTrue()) end.resolve()
      }
      waiting.add(look)
      try {
        await end.promise
      } finally {
        clearTimeout(timer)
        waiting.delete(look)
      }
    },
    /** Closes every connection and the socket, as a daemon that died. */
    async stop(): Promise<void> {
      for (const ws of sockets.clients) ws.terminate()
      server.close()
      await once(server, 'close')
    },
  }
}

/** A fake daemon. */
export type FakeDaemon = Awaited<ReturnType<typeof startFakeDaemon>>
