// The least that accepting a submission could be: parse each line, write it down, fsync once.
// Must stay free of everything else: it is a yardstick. Prints the seconds it took.
import { createReadStream, fsyncSync, openSync, writeSync } from 'node:fs'
import { createInterface } from 'node:readline'

const [input, copy] = process.argv.slice(2)
const startedAt = performance.now()
const descriptor = openSync(copy, 'w')
let pending = []
for await (const line of createInterface({ input: createReadStream(input) })) {
  pending.push(JSON.stringify(JSON.parse(line)))
  if (pending.length === 1_000) flush()
}
flush()
fsyncSync(descriptor)
console.log((performance.now() - startedAt) / 1_000)

function flush() {
  if (pending.length > 0) writeSync(descriptor, `${pending.join('\n')}\n`)
  pending = []
}
