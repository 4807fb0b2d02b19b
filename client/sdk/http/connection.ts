// Connections to a daemon's Unix socket, one call at a time on each, kept for the next call.
// Must never keep the process alive for an idle connection, nor use one whose call broke off.

import type { Socket } from 'node:net'
import { connect } from 'node:net'
import { responseReader } from './response.ts'

/** What to send. */
export interface HttpRequest {
  readonly method: string
  /** Path with query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  /** Text at once, or lines that are sent as fast as they are taken. */
  readonly body: string | AsyncIterable<string> | Iterable<string> | undefined
  /** Fail after this much silence; null: never. */
  readonly silenceMsMax: number | null
  readonly signal: AbortSignal | undefined
}

/** An answer whose head is there; the body is read once, to its end or not at all. */
export interface HttpAnswer {
  readonly status: number
  body(): AsyncGenerator<Buffer, void, undefined>
}

/** The connection failed: nothing is known of the call's effect unless `wasSent` is false. */
export class TransportFailure extends Error {
  readonly wasSent: boolean
  constructor(what: string, wasSent: boolean) {
    super(what)
    this.name = 'TransportFailure'
    this.wasSent = wasSent
  }
}

/** Connections that wait for a next call, by socket path. */
export interface ConnectionPool {
  send(socketPath: string, request: HttpRequest): Promise<HttpAnswer>
  close(): void
}

/** An empty pool. */
export function connectionPool(): ConnectionPool {
  const idle = new Map<string, Socket[]>()
  const all = new Set<Socket>()
  let isClosed = false

  const open = (path: string): Socket => {
    const kept = idle.get(path)?.pop()
    if (kept !== undefined) return kept.ref()
    const socket = connect({ path })
    all.add(socket)
    socket.once('close', () => {
      all.delete(socket)
      idle.set(
        path,
        (idle.get(path) ?? []).filter((each) => each !== socket),
      )
    })
    // Its own failures are told to the call that uses it; idle, there is nobody to tell.
    socket.on('error', () => undefined)
    return socket
  }
  return {
    send(path, request) {
      const socket = open(path)
      const release = (): void => {
        if (isClosed || socket.destroyed) {
          socket.destroy()
          return
        }
        socket.setTimeout(0)
        socket.unref()
        idle.set(path, [...(idle.get(path) ?? []), socket])
      }
      return converse(socket, request, release)
    },
    close() {
      isClosed = true
      for (const socket of all) socket.destroy()
    },
  }
}

/** What a call has got so far; `wake` tells the one who reads. */
interface Inbox {
  readonly chunks: Buffer[]
  isEnded: boolean
  failure: Error | undefined
  wake: () => void
}

function converse(socket: Socket, request: HttpRequest, release: () => void): Promise<HttpAnswer> {
  const inbox: Inbox = { chunks: [], isEnded: false, failure: undefined, wake: () => undefined }
  const answered = Promise.withResolvers<HttpAnswer>()
  const upload = new AbortController()
  let wasConnected = !socket.connecting
  let isUploaded = false
  let isReusable = false

  const leave = (): void => {
    socket.off('connect', onConnect).off('data', onData).off('close', onClose)
    socket.off('error', onError).off('timeout', onTimeout)
    request.signal?.removeEventListener('abort', onAbort)
    upload.abort()
  }
  const fail = (what: string): void => {
    if (inbox.isEnded || inbox.failure !== undefined) return
    leave()
    socket.destroy()
    inbox.failure = new TransportFailure(what, wasConnected)
    answered.reject(inbox.failure)
    inbox.wake()
  }
  const reader = responseReader({
    onHead(status, keepsAlive) {
      isReusable = keepsAlive
      // Answered early means refused: the rest of the upload is of no interest.
      upload.abort()
      answered.resolve({ status, body: () => readBody(inbox, () => fail('not read to its end')) })
    },
    onData: (bytes) => {
      inbox.chunks.push(bytes)
      inbox.wake()
    },
    onEnd() {
      inbox.isEnded = true
      leave()
      if (isReusable && isUploaded) release()
      else socket.destroy()
      inbox.wake()
    },
  })
  const onData = (bytes: Buffer): void => {
    try {
      reader.push(bytes)
    } catch (error) {
      fail(error instanceof Error ? error.message : String(error))
    }
  }
  const onClose = (): void => {
    if (!reader.close()) fail('the connection was closed')
  }
  const onError = (error: Error): void => fail(error.message)
  const onConnect = (): void => {
    wasConnected = true
  }
  const onAbort = (): void => fail('left early')
  const onTimeout = (): void => fail(`no answer for ${(request.silenceMsMax ?? 0) / 1000} s`)

  socket.on('connect', onConnect).on('data', onData).on('close', onClose)
  socket.on('error', onError).on('timeout', onTimeout)
  if (request.silenceMsMax !== null) socket.setTimeout(request.silenceMsMax)
  request.signal?.addEventListener('abort', onAbort)
  if (request.signal?.aborted === true) onAbort()
  send(socket, request, upload.signal).then(
    (isWhole) => {
      isUploaded = isWhole
    },
    (error: unknown) => {
      if (upload.signal.aborted) return
      // A failing source of lines fails the call with its own error.
      answered.reject(error)
      fail('the request was not finished')
    },
  )
  return answered.promise
}

async function* readBody(
  inbox: Inbox,
  abandon: () => void,
): AsyncGenerator<Buffer, void, undefined> {
  try {
    for (;;) {
      const chunk = inbox.chunks.shift()
      if (chunk !== undefined) yield chunk
      else if (inbox.failure !== undefined) throw inbox.failure
      else if (inbox.isEnded) return
      else {
        await new Promise<void>((wake) => {
          inbox.wake = wake
        })
      }
    }
  } finally {
    abandon()
  }
}

/** Lines are collected into pieces of this size, so that a line doesn't cost a system call. */
const pieceLength = 64 * 1024

/** Sends head and body; true when the whole body went out. */
async function send(socket: Socket, request: HttpRequest, stop: AbortSignal): Promise<boolean> {
  const { body } = request
  if (body === undefined || typeof body === 'string') {
    const length = body === undefined ? 0 : Buffer.byteLength(body)
    const hasLength = request.method !== 'GET'
    socket.write(
      headText(request, hasLength ? { 'content-length': String(length) } : {}) + (body ?? ''),
    )
    return true
  }
  socket.write(headText(request, { 'transfer-encoding': 'chunked' }))
  let piece = ''
  for await (const line of body) {
    if (stop.aborted) return false
    piece += `${line}\n`
    if (piece.length < pieceLength) continue
    await sendPiece(socket, piece, stop)
    piece = ''
  }
  if (stop.aborted) return false
  if (piece !== '') await sendPiece(socket, piece, stop)
  socket.write('0\r\n\r\n')
  return true
}

async function sendPiece(socket: Socket, piece: string, stop: AbortSignal): Promise<void> {
  const bytes = Buffer.from(piece)
  socket.cork()
  socket.write(`${bytes.length.toString(16)}\r\n`)
  socket.write(bytes)
  const mayGoOn = socket.write('\r\n')
  socket.uncork()
  if (mayGoOn || stop.aborted) return
  await new Promise<void>((go) => {
    const done = (): void => {
      socket.off('drain', done)
      stop.removeEventListener('abort', done)
      go()
    }
    socket.once('drain', done)
    stop.addEventListener('abort', done)
  })
}

function headText(request: HttpRequest, framing: Readonly<Record<string, string>>): string {
  const headers = { host: 'balsam', ...framing, ...request.headers }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return `${request.method} ${request.path} HTTP/1.1\r\n${lines.join('')}\r\n`
}
