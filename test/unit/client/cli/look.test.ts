// Colour and Unicode by stream and environment.
import { expect, test } from 'vitest'
import { lookOf } from '../../../../client/cli/show/look.ts'

const stream = (isTty: boolean) => ({ isTty, columns: () => 80, write: () => undefined })

test.each([
  ['a terminal', true, {}, true],
  ['a pipe', false, {}, false],
  ['a dumb terminal', true, { TERM: 'dumb' }, false],
  ['NO_COLOR on a terminal', true, { NO_COLOR: '1' }, false],
  ['an empty NO_COLOR, which says nothing', true, { NO_COLOR: '' }, true],
  ['FORCE_COLOR in a pipe', false, { FORCE_COLOR: '1' }, true],
  ['CLICOLOR_FORCE in a pipe', false, { CLICOLOR_FORCE: '1' }, true],
  ['FORCE_COLOR=0', false, { FORCE_COLOR: '0' }, false],
  ['NO_COLOR against FORCE_COLOR', true, { NO_COLOR: '1', FORCE_COLOR: '1' }, false],
])('%s: coloured or not', (_, isTty, env, isColoured) => {
  expect(lookOf(stream(isTty), env).isColoured).toBe(isColoured)
})

test.each([
  [{ LANG: 'en_GB.UTF-8' }, true],
  [{ LANG: 'C' }, false],
  [{ LC_ALL: 'C', LANG: 'en_GB.UTF-8' }, false],
  [{}, false],
])('a locale says whether Unicode can be shown: %j', (env, isUnicode) => {
  expect(lookOf(stream(true), env).isUnicode).toBe(isUnicode)
})
