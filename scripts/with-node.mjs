// Runs a program on the package's own Node: `node scripts/with-node.mjs FILE ARGS…`.
// Must run on Node 20; its exit code is the program's.
import { needNode, run } from './paths.mjs'

try {
  const node = needNode()
  const args = ['--disable-warning=ExperimentalWarning', ...process.argv.slice(2)]
  process.exitCode = (await run(node, args)).code
} catch (error) {
  console.error(error.message)
  process.exitCode = 1
}
