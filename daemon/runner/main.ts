// The runner: the small process through which the daemon starts everything else, since a fork of a
// large process is slow. Must never outlive its daemon: it ends when its input ends.
import { createInterface } from 'node:readline'
import { realClock } from '../ports/clock.ts'
import { lookForMarkers, signalMarked, signalProcess } from './marked.ts'
import type { RunnerAnswers, RunnerCommand, RunnerReply, RunnerRequest } from './messages.ts'
import { runCommand } from './run.ts'
import { startDetached } from './start.ts'

const clock = realClock()

type Answer = RunnerAnswers[keyof RunnerAnswers]

function execute(command: RunnerCommand): Answer | Promise<Answer> {
  switch (command.op) {
    case 'run':
      return runCommand(command, clock)
    case 'start':
      return startDetached(command)
    case 'signal':
      return { wasLiving: signalProcess(command.identity, command.signal) }
    case 'signalMarked':
      return { pids: signalMarked(command.marker, command.signal) }
    default:
      return lookForMarkers(command.markers)
  }
}

function reply(message: RunnerReply): void {
  process.stdout.write(`${JSON.stringify(message)}\n`)
}

function main(): void {
  // A Ctrl-C at the daemon's terminal reaches its whole group; only the daemon decides what it
  // means.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined)
  process.stdout.on('error', () => process.exit(0))
  const lines = createInterface({ input: process.stdin })
  lines.on('line', (line) => {
    // The only writer of this pipe is the daemon of the same build.
    const { id, command } = JSON.parse(line) as RunnerRequest
    const answered = Promise.resolve().then(() => execute(command))
    answered.then(
      (answer) => reply({ id, answer }),
      (error: unknown) => reply({ id, error: error instanceof Error ? error.message : 'failed' }),
    )
  })
  // What runs goes on: a scheduler command cut off in the middle would leave nobody knowing.
  lines.on('close', () => process.exit(0))
}

main()
