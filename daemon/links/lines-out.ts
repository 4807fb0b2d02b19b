// A list of any length as NDJSON, as fast as the peer reads it. Must never hold more than a page.
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import type { Log } from '../../protocol/ports.ts'
import { failureDocument, jsonLine } from './body.ts'

/** Sends pages of documents, a line each. A fault before the first page is thrown. */
export async function streamLines(
  response: ServerResponse,
  pages: AsyncIterable<readonly object[]>,
  log: Log,
): Promise<void> {
  const open = (): void => {
    if (!response.headersSent) response.writeHead(200, { 'content-type': 'application/x-ndjson' })
  }
  try {
    for await (const page of pages) {
      open()
      if (response.write(page.map(jsonLine).join(''))) continue
      await Promise.race([once(response, 'drain'), once(response, 'close')])
      if (response.destroyed) return
    }
  } catch (error) {
    if (!response.headersSent) throw error
    response.end(jsonLine(failureDocument(error, log).body))
    return
  }
  open()
  response.end()
}
