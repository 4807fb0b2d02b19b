// One node whose tasks are real processes: core, spawner pool, relay and connection put together.
// Must never say hello while a task of this node runs that the core does not know of.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { runFiles } from '../../protocol/allocation-file.ts'
import type { Launcher } from './core/launcher.ts'
import { makeLauncher } from './core/launcher.ts'
import type { NodePlan, NodePorts } from './node.ts'
import { settingsOf } from './node.ts'
import type { Relay } from './relay/relay.ts'
import { openRelay } from './relay/relay.ts'
import { relaySocketPath } from './relay/socket.ts'
import { openPool } from './runner/open-pool.ts'
import { allocationMarker, baseEnvironment } from './task/base-environment.ts'

/** Nothing runs any more: spawners end within milliseconds, or hang. */
const drainMsMax = 1_000

/** Adopts what an earlier launcher of this node left, and starts a new one. */
export async function startRealNode(
  plan: NodePlan,
  ports: NodePorts,
  onEnd: (reason: string) => void,
): Promise<Launcher> {
  const { file, nodeIndex, runDirectory } = plan
  const directory = join(runDirectory, runFiles.node(nodeIndex))
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const marker = allocationMarker(file)
  const socket = relaySocketPath(marker, nodeIndex, process.env['XDG_RUNTIME_DIR'])
  const environment = baseEnvironment(file, process.env, { nodeIndex, marker, socket })
  const settings = settingsOf(plan)
  const { cpus } = settings
  const pool = await openPool({ directory, file, nodeIndex, marker, environment, cpus }, ports)
  let relay: Relay | null = null
  const launcher = makeLauncher(settings, {
    ...ports,
    makeRunner: (handlers) => pool.makeRunner(handlers),
    onEnd(reason) {
      relay?.close()
      // Spawners that end in order leave no journals behind.
      const last = ports.clock.after(drainMsMax, () => onEnd(reason))
      pool.drained.then(
        () => {
          last.cancel()
          onEnd(reason)
        },
        (error: unknown) => ports.log.error('spawners do not end', { error: String(error) }),
      )
    },
  })
  pool.adoptInto(launcher)
  try {
    relay = await openRelay(socket, launcher, ports)
  } catch (error) {
    // Tasks run all the same; only their own calls to the daemon are refused.
    ports.log.error('tasks cannot call the daemon', { error: String(error) })
  }
  launcher.start()
  return launcher
}
