// Which site is meant.
import { mkdirSync, mkdtempSync, realpathSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { defaultSite, findSite } from '../../../../client/sdk/find-site.ts'
import { makeSite } from '../../../../client/sdk/site.ts'

const base = realpathSync(mkdtempSync(join(tmpdir(), 'balsam-find-')))
const a = makeSite(join(base, 'a'))
const b = makeSite(join(base, 'b'))
const around = makeSite(join(base, 'project/.balsam'))
const deep = join(base, 'project/x/y')
mkdirSync(deep, { recursive: true })

test('BALSAM_SITE names the site', () => {
  expect(findSite(undefined, { BALSAM_SITE: a }, deep)).toEqual({ path: a, why: 'BALSAM_SITE' })
})

test('BALSAM_DB_PATH is a synonym, and BALSAM_SITE goes before it', () => {
  expect(findSite(undefined, { BALSAM_DB_PATH: b }, '/')).toEqual({
    path: b,
    why: 'BALSAM_DB_PATH',
  })
  expect(findSite(undefined, { BALSAM_SITE: a, BALSAM_DB_PATH: b }, '/').path).toBe(a)
})

test('an argument goes before the environment', () => {
  expect(findSite('../b', { BALSAM_SITE: a }, a)).toEqual({ path: b, why: 'argument' })
})

test('an empty variable says nothing', () => {
  expect(findSite(undefined, { BALSAM_SITE: '' }, deep).path).toBe(around)
})

test('a .balsam site is found upward from the working directory', () => {
  expect(findSite(undefined, {}, deep)).toEqual({ path: around, why: 'working directory' })
})

test('within a site that site is meant', () => {
  mkdirSync(join(a, 'data/w/j_1'), { recursive: true })
  expect(findSite(undefined, {}, join(a, 'data/w/j_1')).path).toBe(a)
})

test('else it is the default site of the state directory, made or not', () => {
  const env = { XDG_STATE_HOME: join(base, 'state') }
  expect(findSite(undefined, env, base)).toEqual({
    path: join(base, 'state/balsam/default'),
    why: 'default',
  })
})

test('the state directory is in the home directory; a relative XDG_STATE_HOME is ignored', () => {
  const env = { XDG_STATE_HOME: 'relative', HOME: '/people/u' }
  expect(defaultSite(env)).toBe('/people/u/.local/state/balsam/default')
})

test('a named directory that is no site is an error', () => {
  expect(() => findSite(undefined, { BALSAM_SITE: base }, '/')).toThrow(
    expect.objectContaining({ code: 'SITE_MISSING', exit: 7 }),
  )
})
