// Launchers' WebSockets on the real socket and over TLS: who gets in, and what an unknown peer may
// cost.
import { once } from 'node:events'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createConnection } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { ClientOptions } from 'ws'
import { WebSocket } from 'ws'
import { realClock } from '../../../daemon/ports/clock.ts'
import { realRandomness } from '../../../daemon/ports/randomness.ts'
import { keyFiles } from '../../../daemon/ports/secrets.ts'
import { limits } from '../../../protocol/limits.ts'
import { pskIdentity, pskTls } from '../../../protocol/psk.ts'
import { fakeDoor } from './fake-door.ts'
import { answerOf, memoryLog, responseOf, serve } from './server-fixture.ts'

const local = (socket: string, options: ClientOptions = {}): WebSocket =>
  new WebSocket(`ws+unix:${socket}:/launcher`, { perMessageDeflate: false, ...options })

/** Resolves with what ended the connection, whichever event tells it. */
function endOf(ws: WebSocket): Promise<string> {
  return new Promise((resolve) => {
    ws.on('unexpected-response', (_, response) => resolve(`status ${response.statusCode}`))
    ws.on('error', (error) => resolve(`error ${error.message}`))
    ws.on('close', (code) => resolve(`close ${code}`))
  })
}

/** Repeats a condition on the event loop until it holds; the test's timeout ends a hopeless one. */
async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise((resolve) => setImmediate(resolve))
}

/** A clock whose timers fire when told to. */
function steppedClock() {
  const timers = new Set<{ readonly ms: number; readonly call: () => void }>()
  return {
    ...realClock(),
    after: (ms: number, call: () => void) => {
      const timer = { ms, call }
      timers.add(timer)
      return { cancel: () => void timers.delete(timer) }
    },
    fire: (ms: number) => {
      for (const timer of timers) {
        if (timer.ms !== ms) continue
        timers.delete(timer)
        timer.call()
      }
    },
  }
}

test('frames go both ways, whole and in order', async () => {
  const { door, seen } = fakeDoor()
  await using served = await serve(door)
  const ws = local(served.socket)
  await once(ws, 'open')
  const sent = [Buffer.from([1, 2]), Buffer.alloc(100_000, 7), Buffer.from([3])]
  for (const frame of sent) ws.send(frame)
  await until(() => seen.launchers[0]?.frames.length === 3)
  expect(seen.launchers[0]?.frames.map((frame) => Buffer.from(frame))).toEqual(sent)
  expect(seen.launchers[0]?.peer).toEqual({ allocationId: null, isLocal: true })
  seen.launchers[0]?.link.send(Buffer.from([9, 9]))
  const [received, isBinary] = await once(ws, 'message')
  expect([received, isBinary]).toEqual([Buffer.from([9, 9]), true])
  ws.close()
  await until(() => seen.launchers[0]?.closed.length === 1)
  expect(served.links.launcherCount()).toBe(0)
})

test('a peer that says no hello in time is closed', async () => {
  const { door, seen } = fakeDoor()
  const clock = steppedClock()
  await using served = await serve(door, { ports: { clock, log: memoryLog() } })
  const ws = local(served.socket)
  const end = endOf(ws)
  await once(ws, 'open')
  clock.fire(limits.helloMsMax)
  expect(await end).toBe('close 1008')
  await until(() => seen.launchers[0]?.closed.length === 1)
  expect(seen.launchers[0]?.closed).toEqual(['no hello in time'])
})

test('a peer whose hello was accepted is not closed for its silence', async () => {
  const { door, seen } = fakeDoor()
  const clock = steppedClock()
  await using served = await serve(door, { ports: { clock, log: memoryLog() } })
  const ws = local(served.socket)
  await once(ws, 'open')
  seen.launchers[0]?.link.accept()
  clock.fire(limits.helloMsMax)
  ws.send(Buffer.alloc(limits.helloBytesMax + 1))
  await until(() => seen.launchers[0]?.frames.length === 1)
  expect(ws.readyState).toBe(WebSocket.OPEN)
  ws.terminate()
})

test('a hello that is too long never reaches the core', async () => {
  const { door, seen } = fakeDoor()
  await using served = await serve(door)
  const ws = local(served.socket)
  const end = endOf(ws)
  await once(ws, 'open')
  ws.send(Buffer.alloc(limits.helloBytesMax + 1))
  expect(await end).toBe('close 1009')
  expect(seen.launchers[0]?.frames).toEqual([])
})

test('a frame beyond the limit closes the link, even an accepted one', async () => {
  const { door, seen } = fakeDoor()
  await using served = await serve(door)
  const ws = local(served.socket)
  const end = endOf(ws)
  await once(ws, 'open')
  seen.launchers[0]?.link.accept()
  ws.send(Buffer.alloc(limits.frameBytesMax + 1))
  expect(await end).toBe('close 1009')
  expect(seen.launchers[0]?.frames).toEqual([])
})

test('text is no frame', async () => {
  const { door, seen } = fakeDoor()
  await using served = await serve(door)
  const ws = local(served.socket)
  const end = endOf(ws)
  await once(ws, 'open')
  ws.send('[1]')
  expect(await end).toBe('close 1003')
  expect(seen.launchers[0]?.frames).toEqual([])
})

test('a web page can not become a launcher', async () => {
  const { door, seen } = fakeDoor()
  await using served = await serve(door)
  expect(await endOf(local(served.socket, { origin: 'http://evil' }))).toBe('status 403')
  expect(seen.launchers).toEqual([])
})

test('an upgrade anywhere else is refused', async () => {
  const { door } = fakeDoor()
  await using served = await serve(door)
  expect(await endOf(new WebSocket(`ws+unix:${served.socket}:/v1/jobs`))).toBe('status 404')
})

test('beyond so many peers without a hello, further ones wait outside', async () => {
  const { door, seen } = fakeDoor()
  await using served = await serve(door)
  const peers = Array.from({ length: limits.unauthenticatedSocketsMax }, () => local(served.socket))
  await Promise.all(peers.map((ws) => once(ws, 'open')))
  expect(await endOf(local(served.socket))).toBe('status 503')
  seen.launchers[0]?.link.accept()
  const next = local(served.socket)
  await once(next, 'open')
  for (const ws of [...peers, next]) ws.terminate()
})

test('a peer that does not read is dropped before it fills the memory', async () => {
  const { door, seen } = fakeDoor()
  await using served = await serve(door)
  const ws = local(served.socket)
  await once(ws, 'open')
  ws.pause()
  const frame = Buffer.alloc(limits.frameBytesMax)
  const link = seen.launchers[0]?.link
  let most = 0
  for (let i = 0; i < 40; i += 1) {
    link?.send(frame)
    most = Math.max(most, link?.bufferedBytes() ?? 0)
  }
  await until(() => seen.launchers[0]?.closed.length === 1)
  expect(seen.launchers[0]?.closed).toEqual(['the peer does not read'])
  expect(most).toBeLessThan(limits.sendBufferCloseBytes + 2 * limits.frameBytesMax)
  ws.terminate()
})

const siteId = 'abc'

/** A TLS listener with the key of allocation 5; options of a client that has it. */
async function serveTls(
  seenDoor = fakeDoor(),
  changes: { readonly clock?: ReturnType<typeof steppedClock> } = {},
) {
  const directory = mkdtempSync(join(tmpdir(), 'bk-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  const fileOf = (id: number): string => join(directory, `${id}.key`)
  const keys = keyFiles(fileOf, realRandomness(), process.getuid?.() ?? 0)
  keys.make(5)
  const log = memoryLog()
  const served = await serve(seenDoor.door, {
    ports: { clock: changes.clock ?? realClock(), log },
    tls: { host: '127.0.0.1', port: 0, siteId, keys },
  })
  const port = served.links.tls?.port ?? 0
  const psk = Buffer.from(keys.keyOf(5)?.bytes() ?? [])
  // The types of ws lack the options that it hands on to tls.
  const optionsOf = (changed: object): object => ({
    ...pskTls,
    perMessageDeflate: false,
    pskCallback: () => ({ psk, identity: pskIdentity(siteId, 5), ...changed }),
    checkServerIdentity: () => undefined,
  })
  const connect = (changed: object = {}): WebSocket =>
    new WebSocket(`wss://127.0.0.1:${port}/launcher`, optionsOf(changed))
  return { served, connect, port, psk, log, keys, fileOf, seen: seenDoor.seen }
}

test('over TLS the key tells which allocation a launcher belongs to', async () => {
  const { served, connect, seen } = await serveTls()
  await using _ = served
  const ws = connect()
  await once(ws, 'open')
  ws.send(Buffer.from([1]))
  await until(() => seen.launchers[0]?.frames.length === 1)
  expect(seen.launchers[0]?.peer).toEqual({ allocationId: 5, isLocal: false })
  ws.terminate()
})

test.each([
  ['a wrong key', { psk: Buffer.alloc(32, 1) }],
  ['the identity of an allocation without a key', { identity: pskIdentity(siteId, 6) }],
  ['the identity of another site', { identity: pskIdentity('other', 5) }],
  ['an identity that is none', { identity: '../../5' }],
])('%s ends in the handshake, before any byte reaches the core', async (_name, changed) => {
  const { served, connect, seen, log } = await serveTls()
  await using _ = served
  expect(await endOf(connect(changed))).toMatch(/^error /)
  expect(seen.launchers).toEqual([])
  expect(log.lines.length).toBeGreaterThan(0)
})

test('a key file that others can read opens nothing', async () => {
  const { served, connect, keys, fileOf, seen } = await serveTls()
  await using _ = served
  keys.forget(5)
  writeFileSync(fileOf(5), 'ab'.repeat(32), { mode: 0o600 })
  chmodSync(fileOf(5), 0o640)
  expect(await endOf(connect({ psk: Buffer.from('ab'.repeat(32), 'hex') }))).toMatch(/^error /)
  expect(seen.launchers).toEqual([])
})

test('the key of an allocation that has ended opens nothing', async () => {
  const { served, connect, keys, seen } = await serveTls()
  await using _ = served
  keys.forget(5)
  expect(await endOf(connect())).toMatch(/^error /)
  expect(seen.launchers).toEqual([])
})

test('bytes without a handshake never reach the core', async () => {
  const { served, port, seen } = await serveTls()
  await using _ = served
  const socket = createConnection(port, '127.0.0.1')
  socket.on('error', () => undefined)
  socket.write('GET /launcher HTTP/1.1\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n')
  socket.resume()
  await once(socket, 'close')
  expect(seen.launchers).toEqual([])
})

test('a launcher key opens no calls', async () => {
  const { served, port, psk, seen } = await serveTls()
  await using _ = served
  const { request } = await import('node:https')
  const options = {
    ...pskTls,
    pskCallback: () => ({ psk, identity: pskIdentity(siteId, 5) }),
    checkServerIdentity: () => undefined,
  }
  const call = request(`https://127.0.0.1:${port}/v1/stop`, {
    method: 'POST',
    agent: false,
    ...options,
  })
  call.end('{"mode":"stop"}')
  expect((await answerOf(await responseOf(call))).status).toBe(403)
  expect(seen.calls).toEqual([])
})

test('no key and no line of a key is ever logged', async () => {
  const { served, connect, psk, log } = await serveTls()
  await using _ = served
  await endOf(connect({ psk: Buffer.alloc(32, 1) }))
  const ws = connect()
  await once(ws, 'open')
  ws.terminate()
  expect(log.lines.join('\n')).not.toContain(psk.toString('hex').slice(0, 8))
})

test('a peer behind TCP that answers no ping is dropped', async () => {
  const clock = steppedClock()
  const { served, connect, seen } = await serveTls(fakeDoor(), { clock })
  await using _ = served
  const ws = connect()
  await once(ws, 'open')
  seen.launchers[0]?.link.accept()
  clock.fire(limits.linkPingMs)
  await once(ws, 'ping')
  ws.pause()
  clock.fire(limits.linkPingMs)
  clock.fire(limits.linkPingMs)
  await until(() => seen.launchers[0]?.closed.length === 1)
  expect(seen.launchers[0]?.closed).toEqual(['no answer to a ping'])
  ws.terminate()
})

test('beyond so many handshakes at once further connections are cut', async () => {
  const { served, port } = await serveTls()
  await using _ = served
  const sockets = Array.from({ length: limits.unauthenticatedSocketsMax }, () =>
    createConnection(port, '127.0.0.1'),
  )
  for (const socket of sockets) socket.on('error', () => undefined)
  await Promise.all(sockets.map((socket) => once(socket, 'connect')))
  const extra = createConnection(port, '127.0.0.1')
  extra.on('error', () => undefined)
  extra.resume()
  await once(extra, 'close')
  expect(sockets.filter((socket) => !socket.destroyed)).toHaveLength(sockets.length)
  for (const socket of sockets) socket.destroy()
})

test('a key file is 0600 and made once', async () => {
  const { served, keys, fileOf } = await serveTls()
  await using _ = served
  const { readFileSync, statSync } = await import('node:fs')
  const before = readFileSync(fileOf(5), 'utf8')
  keys.make(5)
  expect(readFileSync(fileOf(5), 'utf8')).toBe(before)
  expect(statSync(fileOf(5)).mode & 0o777).toBe(0o600)
})
