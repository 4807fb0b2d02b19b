// A Python peer as the bench sees it: started once, then asked for one measurement after another.
// Must give up on a peer that hangs: a peer is optional, the bench's time is not.
import { spawn } from 'node:child_process'
import { openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { untilEndedOrKilled } from '../measure/programs.ts'
import type { PeerPython } from './venv.ts'

/** Silence after which a peer counts as hung: its slowest operation takes about 30 s. */
const answerMsMax = 180_000

/** One peer, ready to work. */
export interface Conversation {
  /** Seconds that the operation took, as measured by the peer's own client. */
  ask(operation: string, count: number): Promise<number>
  end(): Promise<void>
}

/** Starts a peer's script; resolves when its workers are warm. */
export async function converseWith(
  script: string,
  venv: PeerPython,
  scratch: string,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Promise<Conversation> {
  const log = join(scratch, 'peer.log')
  const sink = openSync(log, 'w')
  const peer = spawn(venv.python, [join(import.meta.dirname, script), scratch], {
    cwd: scratch,
    env: { ...environment, PATH: `${venv.bin}:${process.env['PATH'] ?? ''}` },
    stdio: ['pipe', sink, sink, 'pipe'],
  })
  const answers = peer.stdio[3]
  const { stdin } = peer
  if (stdin === null || !(answers && 'read' in answers)) throw new Error('no pipes to a peer')
  stdin.on('error', () => undefined) // Told by the answer that does not come.
  const lines = createInterface({ input: answers })[Symbol.asyncIterator]()

  async function nextAnswer(): Promise<{ readonly seconds?: number }> {
    const limit = setTimeout(() => peer.kill('SIGKILL'), answerMsMax)
    const line = await lines.next()
    clearTimeout(limit)
    if (line.done === true) throw new Error(`it ended: ${lastLine(log)}`)
    // One of the two forms that conversation.py writes.
    return JSON.parse(line.value) as { readonly seconds?: number }
  }

  await nextAnswer()
  return {
    async ask(operation, count) {
      stdin.write(`${operation} ${count}\n`)
      const { seconds } = await nextAnswer()
      if (seconds === undefined) throw new Error('it answered without a time')
      return seconds
    },
    async end() {
      stdin.end()
      await untilEndedOrKilled(peer, 15_000)
    },
  }
}

function lastLine(log: string): string {
  const lines = readFileSync(log, 'utf8').trim().split('\n')
  return lines.at(-1)?.slice(0, 200) || 'without a word'
}
