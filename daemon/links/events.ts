// The events of a site as an endless NDJSON stream. Must never queue lines for a peer that doesn't
// read: it is told that lines were left out, once it reads again.
import type { ServerResponse } from 'node:http'
import type { SiteEvent } from '../../protocol/calls.ts'
import { jsonLine } from './body.ts'
import type { Door } from './door.ts'

/** Streams what happens from now on until the peer goes away. */
export function streamEvents(door: Pick<Door, 'events'>, response: ServerResponse): void {
  let hasGap = false
  response.writeHead(200, { 'content-type': 'application/x-ndjson' })
  response.flushHeaders()
  const stop = door.events((events) => {
    if (response.writableNeedDrain || response.destroyed) {
      hasGap = true
      return
    }
    response.write(textOf(events, hasGap))
    hasGap = false
  })
  response.on('close', stop)
}

function textOf(events: readonly SiteEvent[], hasGap: boolean): string {
  const [first, ...others] = events
  if (!hasGap || first === undefined) return events.map(jsonLine).join('')
  return [{ ...first, is_gap: true }, ...others].map(jsonLine).join('')
}
