// Connections that a launcher opens: over a Unix socket and over TLS with a pre-shared key.
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { WebSocketServer } from 'ws'
import { realClock } from '../../../../client/launcher/ports/clock.ts'
import type { DaemonAddress } from '../../../../client/launcher/ports/dialer.ts'
import { makeDialer } from '../../../../client/launcher/ports/dialer.ts'
import { pskTls } from '../../../../protocol/psk.ts'

const key = 'ab'.repeat(32)

function temporary(): string {
  const directory = mkdtempSync(join(tmpdir(), 'balsam-dial-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  return directory
}

/** A TLS-PSK server that sends back every frame, and says who connected. */
async function echoServer() {
  const identities: string[] = []
  const server = createServer({
    ...pskTls,
    pskCallback: (_socket, identity) => {
      identities.push(identity)
      return Buffer.from(key, 'hex')
    },
  })
  const sockets = new WebSocketServer({ server, path: '/launcher' })
  sockets.on('connection', (ws) => ws.on('message', (data) => ws.send(data)))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    for (const ws of sockets.clients) ws.terminate()
    server.close()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return { port: address.port, identities }
}

/** Dials, sends one frame, and gives what was heard until the first answer or the end. */
async function exchange(address: DaemonAddress): Promise<string> {
  const heard = Promise.withResolvers<string>()
  const link = makeDialer(() => address, realClock()).dial({
    onOpen: () => link.send(Uint8Array.from([1, 2, 3])),
    onFrame: (frame) => heard.resolve(`frame ${[...frame].join(' ')}`),
    onClose: (reason) => heard.resolve(`closed: ${reason}`),
  })
  const found = await heard.promise
  link.close('done')
  return found
}

test('a frame goes over TLS with the key of the allocation, under its identity', async () => {
  const { port, identities } = await echoServer()
  const keyFile = join(temporary(), 'key')
  writeFileSync(keyFile, `${key}\n`, { mode: 0o600 })
  const tls = { host: '127.0.0.1', port, identity: 'site:s:allocation:1', keyFile }
  expect(await exchange({ socket: null, tls })).toBe('frame 1 2 3')
  expect(identities).toEqual(['site:s:allocation:1'])
})

test('a wrong key closes the link', async () => {
  const { port } = await echoServer()
  const keyFile = join(temporary(), 'key')
  writeFileSync(keyFile, 'cd'.repeat(32), { mode: 0o600 })
  const tls = { host: '127.0.0.1', port, identity: 'site:s:allocation:1', keyFile }
  expect(await exchange({ socket: null, tls })).toMatch(/^closed: /)
})

test('a missing key file is a closed link, for the key may come', async () => {
  const tls = { host: '127.0.0.1', port: 1, identity: 'x', keyFile: join(temporary(), 'key') }
  expect(await exchange({ socket: null, tls })).toContain('ENOENT')
})

test('a socket where nobody listens is a closed link', async () => {
  const socket = join(temporary(), 'd.sock')
  expect(await exchange({ socket, tls: null })).toContain('ENOENT')
})
