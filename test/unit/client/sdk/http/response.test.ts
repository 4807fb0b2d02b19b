// Responses come out whole, however the bytes were cut on their way.
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { responseReader } from '../../../../../client/sdk/http/response.ts'

/** What a reader makes of the bytes, cut at these places. */
function read(text: string, cuts: readonly number[] = [], isClosed = false) {
  const heard = { status: 0, keepsAlive: false, body: '', isEnded: false, isWhole: false }
  const chunks: Buffer[] = []
  const reader = responseReader({
    onHead: (status, keepsAlive) => Object.assign(heard, { status, keepsAlive }),
    onData: (bytes) => chunks.push(Buffer.from(bytes)),
    onEnd: () => Object.assign(heard, { isEnded: true }),
  })
  const bytes = Buffer.from(text)
  const places = [0, ...[...cuts].sort((a, b) => a - b), bytes.length]
  for (const [index, from] of places.entries()) {
    reader.push(bytes.subarray(from, places[index + 1] ?? bytes.length))
  }
  if (isClosed) heard.isWhole = reader.close()
  return { ...heard, body: Buffer.concat(chunks).toString() }
}

const withLength = 'HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello wörld'.replace('11', '12')
const chunked =
  'HTTP/1.1 409 Conflict\r\nTransfer-Encoding: chunked\r\n\r\n' +
  '5\r\nhello\r\n1;x=y\r\n \r\n6\r\nwörld\r\n0\r\nX-Trailer: 1\r\n\r\n'

test.each([
  ['a length', withLength, 200],
  ['chunks', chunked, 409],
])('a body with %s is whole wherever the bytes were cut', (_, text, status) => {
  const cuts = fc.array(fc.nat(Buffer.byteLength(text)), { maxLength: 20 })
  fc.assert(
    fc.property(cuts, (at) => {
      expect(read(text, at)).toMatchObject({ status, body: 'hello wörld', isEnded: true })
    }),
  )
})

test('without a length the body ends with the connection', () => {
  const text = 'HTTP/1.1 200 OK\r\n\r\nall of it'
  expect(read(text)).toMatchObject({ isEnded: false, keepsAlive: false })
  expect(read(text, [], true)).toMatchObject({ body: 'all of it', isEnded: true, isWhole: true })
})

test('a body that broke off is told from a whole one', () => {
  expect(read(withLength.slice(0, -1), [], true)).toMatchObject({ isEnded: false, isWhole: false })
  expect(read(chunked.slice(0, -2), [], true)).toMatchObject({ isEnded: false, isWhole: false })
})

test('an interim answer is passed over', () => {
  expect(read(`HTTP/1.1 100 Continue\r\n\r\n${withLength}`)).toMatchObject({ status: 200 })
})

test('a connection that the daemon closes is not kept', () => {
  const text = 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n'
  expect(read(text)).toMatchObject({ isEnded: true, keepsAlive: false })
  expect(read(text.replace('close', 'keep-alive'))).toMatchObject({ keepsAlive: true })
})

test.each([
  'SSH-2.0-OpenSSH_9\r\n\r\n',
  'HTTP/1.0 200 OK\r\n\r\n',
  `HTTP/1.1 ${'x'.repeat(70_000)}`,
])('a peer that does not speak our HTTP is an error', (text) => {
  expect(() => read(text)).toThrow(/HTTP|head/)
})
