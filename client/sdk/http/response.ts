// Reads one HTTP/1.1 response out of the bytes of a connection: what our daemon sends, no more.
// Pure, and of its own because loading node:http costs a command line 6 ms of its 35.

/** What hears of a response. */
export interface ResponseSink {
  /** `keepsAlive`: the connection can carry another call after this one. */
  onHead(status: number, keepsAlive: boolean): void
  onData(bytes: Buffer): void
  onEnd(): void
}

/** Takes the bytes of a connection as they come. */
export interface ResponseReader {
  /** Throws a plain Error for what is not HTTP. */
  push(bytes: Buffer): void
  /** The connection was closed: ends a response that lasts until then; false when one broke off. */
  close(): boolean
}

/** A head of more than this is not from our daemon. */
const headBytesMax = 64 * 1024

type Part = 'head' | 'length' | 'chunk size' | 'chunk' | 'trailers' | 'until close' | 'done'

/** A reader for one response. */
export function responseReader(sink: ResponseSink): ResponseReader {
  let part: Part = 'head'
  let left = 0
  let rest: Buffer = Buffer.alloc(0)

  /** The line at the start of `rest`, taken out of it; undefined when it is not whole yet. */
  const takeLine = (): string | undefined => {
    const end = rest.indexOf('\r\n')
    if (end < 0 && rest.length > headBytesMax) throw new Error('a line without end')
    if (end < 0) return undefined
    const line = rest.toString('latin1', 0, end)
    rest = rest.subarray(end + 2)
    return line
  }
  const finish = (): void => {
    part = 'done'
    sink.onEnd()
  }
  const readHead = (): boolean => {
    const end = rest.indexOf('\r\n\r\n')
    if (end < 0 && rest.length > headBytesMax) throw new Error('a head without end')
    if (end < 0) return false
    const head = parseHead(rest.toString('latin1', 0, end))
    rest = rest.subarray(end + 4)
    // An interim answer (100 Continue): the real one follows.
    if (head.status < 200) return true
    sink.onHead(head.status, head.keepsAlive && head.body !== 'until close')
    left = head.length
    part = head.body
    if (part === 'length' && left === 0) finish()
    return true
  }
  /** Data up to `left`; the rest of the chunk's or body's length stays. */
  const readData = (): boolean => {
    if (rest.length === 0) return false
    const data = rest.subarray(0, left)
    left -= data.length
    rest = rest.subarray(data.length)
    sink.onData(data)
    return true
  }
  const steps: Readonly<Record<Part, () => boolean>> = {
    head: readHead,
    length() {
      if (!readData()) return false
      if (left === 0) finish()
      return true
    },
    'chunk size'() {
      const line = takeLine()
      if (line === undefined) return false
      // The line break after a chunk's data comes as an empty line before the next size.
      if (line === '') return true
      left = Number.parseInt(line, 16)
      if (!Number.isSafeInteger(left)) throw new Error('a chunk without a size')
      part = left === 0 ? 'trailers' : 'chunk'
      return true
    },
    chunk() {
      if (!readData()) return false
      if (left === 0) part = 'chunk size'
      return true
    },
    trailers() {
      const line = takeLine()
      if (line === '') finish()
      return line !== undefined
    },
    'until close'() {
      left = rest.length
      return readData()
    },
    done: () => false,
  }

  return {
    push(bytes) {
      rest = rest.length === 0 ? bytes : Buffer.concat([rest, bytes])
      while (steps[part]()) {
        // Each step takes something out of `rest` or changes the part.
      }
    },
    close() {
      if (part === 'until close') finish()
      return part === 'done'
    },
  }
}

interface Head {
  readonly status: number
  readonly keepsAlive: boolean
  readonly body: 'length' | 'chunk size' | 'until close'
  readonly length: number
}

function parseHead(text: string): Head {
  const [first = '', ...lines] = text.split('\r\n')
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(first)?.[1])
  if (!Number.isInteger(status)) throw new Error('the peer does not speak HTTP/1.1')
  const headers = new Map(
    lines.map((line) => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
    }),
  )
  const keepsAlive = headers.get('connection')?.toLowerCase() !== 'close'
  if (headers.get('transfer-encoding')?.toLowerCase().includes('chunked') === true) {
    return { status, keepsAlive, body: 'chunk size', length: 0 }
  }
  const length = headers.get('content-length')
  if (length !== undefined && /^\d+$/.test(length)) {
    return { status, keepsAlive, body: 'length', length: Number(length) }
  }
  if (status === 204 || status === 304) return { status, keepsAlive, body: 'length', length: 0 }
  return { status, keepsAlive, body: 'until close', length: 0 }
}
