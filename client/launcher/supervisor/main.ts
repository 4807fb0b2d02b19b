// The supervisor program: `--run-dir DIR`. Its starter has put it into a session of its own.
// Must never end with an open fault: what goes wrong is in launcher.log.
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { runFiles } from '../../../protocol/allocation-file.ts'
import { readAllocation } from '../allocation.ts'
import { realClock } from '../ports/clock.ts'
import { fileLog } from '../ports/log.ts'
import { supervise } from './supervisor.ts'

const { values } = parseArgs({ options: { 'run-dir': { type: 'string' } } })
const runDirectory = resolve(values['run-dir'] ?? '')
const log = fileLog(join(runDirectory, runFiles.log), { who: 'supervisor' })

try {
  const allocation = readAllocation(runDirectory)
  log.bound(allocation.log)
  await supervise(runDirectory, allocation, { clock: realClock(), log })
  process.exit(0)
} catch (error) {
  log.error('supervisor failed', { error: error instanceof Error ? error.stack : String(error) })
  process.exit(1)
}
