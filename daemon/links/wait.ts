// A wait as an NDJSON stream: thinned out to what a person can see, and ended by the last line.
// Must never queue lines for a peer that does not read: only the latest matters.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { WaitProgress } from '../../protocol/calls.ts'
import type { JobFilter } from '../../protocol/job.ts'
import { limits } from '../../protocol/limits.ts'
import type { Clock, Log, Timer } from '../../protocol/ports.ts'
import { failureDocument, jsonLine, sendFailure } from './body.ts'
import type { Door } from './door.ts'

const intervalMs = 1_000 / limits.progressPerSecondMax

/** Streams the progress of the matched jobs until all have ended or the peer goes away. */
export function streamWait(
  door: Pick<Door, 'wait'>,
  filter: JobFilter,
  exchange: { readonly request: IncomingMessage; readonly response: ServerResponse },
  ports: { readonly clock: Clock; readonly log: Log },
): void {
  const { request, response } = exchange
  let latest: WaitProgress | null = null
  let timer: Timer | null = null
  let notBeforeMs = 0
  let isOver = false

  const end = (): void => {
    isOver = true
    timer?.cancel()
  }
  const write = (): void => {
    timer = null
    if (isOver || latest === null || response.writableNeedDrain) return
    if (!response.headersSent) response.writeHead(200, { 'content-type': 'application/x-ndjson' })
    notBeforeMs = ports.clock.monotonicMs() + intervalMs
    const progress = latest
    latest = null
    response.write(jsonLine(progress))
    if (!progress.is_done) return
    end()
    response.end()
  }
  response.on('drain', write)

  const cancel = door.wait(filter, {
    onProgress(progress) {
      if (isOver) return
      latest = progress
      const waitMs = progress.is_done ? 0 : notBeforeMs - ports.clock.monotonicMs()
      if (waitMs <= 0) {
        timer?.cancel()
        write()
        return
      }
      timer ??= ports.clock.after(waitMs, write)
    },
    onFault(error) {
      if (isOver) return
      end()
      if (!response.headersSent) sendFailure(request, response, error, ports)
      else response.end(jsonLine(failureDocument(error, ports.log).body))
    },
  })
  response.on('close', () => {
    end()
    cancel()
  })
}
