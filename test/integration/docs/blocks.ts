// The command blocks of a page, as one bash script. A hidden comment before a block sets the scene:
//   <!-- scene
//   echo 'echo "$@"' > simulate
//   -->
// and one that says why leaves the next block out: <!-- not run: needs modules -->
import { readFileSync } from 'node:fs'

/** A page's script, and how many of its blocks are in it. */
export interface PageScript {
  readonly script: string
  readonly blocks: number
  /** Why blocks were left out. */
  readonly left: readonly string[]
}

/** Reads the ```sh and ```bash blocks of a page; other blocks are output or other languages. */
export function scriptOf(path: string): PageScript {
  const parts: string[] = []
  const left: string[] = []
  let blocks = 0
  let reason: string | null = null
  let taking: 'nothing' | 'scene' | 'block' = 'nothing'
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    if (taking === 'nothing') {
      const skipped = /^<!-- not run: (.+) -->$/.exec(line)?.[1]
      if (skipped !== undefined) reason = skipped
      else if (line === '<!-- scene') taking = 'scene'
      else if (/^```(?:sh|bash)$/.test(line)) {
        taking = 'block'
        if (reason === null) blocks += 1
        else left.push(reason)
      }
      continue
    }
    if (line === '-->' || line === '```') {
      if (taking === 'block') reason = null
      taking = 'nothing'
    } else if (taking === 'scene' || reason === null) parts.push(line)
  }
  return { script: parts.join('\n'), blocks, left }
}
