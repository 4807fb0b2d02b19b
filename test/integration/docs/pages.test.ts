// Every command block of guide, tutorials and questions runs as it is written: each page in one
// bash, in a world of its own, under set -e.
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { root } from '../../style/source.ts'
import { makeWorld } from '../../support/site.ts'
import { scriptOf } from './blocks.ts'

const folders = ['docs/guide', 'docs/tutorial', 'docs/faq']
const pages = folders
  .filter((folder) => existsSync(join(root, folder)))
  .flatMap((folder) =>
    readdirSync(join(root, folder))
      .filter((name) => name.endsWith('.md'))
      .map((name) => `${folder}/${name}`),
  )

test('the pages hold commands, and few of them are left out', () => {
  const scripts = pages.map((page) => scriptOf(join(root, page)))
  const run = scripts.reduce((sum, { blocks }) => sum + blocks, 0)
  const left = scripts.flatMap((script) => script.left)
  expect(run).toBeGreaterThan(15)
  expect(left.length).toBeLessThan(run / 3)
})

const withCommands = pages.filter((page) => scriptOf(join(root, page)).blocks > 0)

test.for(withCommands)(
  'the commands of %s run as they are written',
  { timeout: 240_000 },
  async (page) => {
    const world = await makeWorld()
    onTestFinished(() => world.close())
    const site = world.siteAt(join(world.base, 'site'))
    const { script } = scriptOf(join(root, page))
    // The reader has a site and nodes unless the page itself makes them.
    const nodes = 'balsam submit-launch -A P -q Q -t 30 -n 2 > /dev/null'
    const own = script.includes('balsam init')
      ? []
      : ['balsam init "$BALSAM_SITE" > /dev/null', script.includes('submit-launch') ? '' : nodes]
    const env = { REPOSITORY: root, PS1: '', BALSAM_SITE: site.path }
    const all = ['set -eo pipefail', ...own, script].join('\n')
    const { code, out, err } = await world.bash(all, { env })
    expect(code, `${page}\n--- out\n${out.slice(-3_000)}\n--- err\n${err.slice(-3_000)}`).toBe(0)
  },
)
