// npm's "prepare" hook: builds dist/ for `npm install -g .` and for packing.
// Must never fail an installation that has no build tools: a released package has its dist/.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { build } from './build.mjs'
import { root } from './paths.mjs'

if (existsSync(join(root, 'node_modules/esbuild'))) await build()
else console.log('prepare: esbuild is not installed, so dist/ stays as it is')
