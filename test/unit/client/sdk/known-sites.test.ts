// The index of known sites.
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import { knownSites, rememberSite, siteByText } from '../../../../client/sdk/known-sites.ts'
import { makeSite } from '../../../../client/sdk/site.ts'

let base = ''
let env = {}
beforeEach(() => {
  base = realpathSync(mkdtempSync(join(tmpdir(), 'balsam-known-')))
  env = { XDG_STATE_HOME: join(base, 'state') }
})

async function remember(...names: string[]): Promise<string[]> {
  const paths = names.map((name) => makeSite(join(base, name)))
  await Promise.all(paths.map((path) => rememberSite(path, env)))
  return paths
}

test('sites remembered at once are all there afterwards', async () => {
  const names = Array.from({ length: 20 }, (_, index) => `s${String(index).padStart(2, '0')}`)
  const paths = await remember(...names)
  expect(await knownSites(env)).toEqual(paths)
})

test('a vanished site is forgotten', async () => {
  const [gone, kept] = await remember('gone', 'kept')
  rmSync(gone ?? '', { recursive: true })
  expect(await knownSites(env)).toEqual([kept])
})

test('a site is found by its path, its name or a part of its path', async () => {
  const [path] = await remember('workflow')
  expect(await siteByText('workflow', {}, base)).toBe(path)
  expect(await siteByText('workflow', env, '/')).toBe(path)
  expect(await siteByText('orkfl', env, '/')).toBe(path)
})

test('the whole name goes before a part of others', async () => {
  const [run] = await remember('run', 'run2', 'my-run')
  expect(await siteByText('run', env, '/')).toBe(run)
})

test('a text that fits several sites is an error that names them', async () => {
  const [one, two] = await remember('exp-one', 'exp-two')
  await expect(siteByText('exp', env, '/')).rejects.toMatchObject({
    code: 'SITE_AMBIGUOUS',
    facts: { sites: `${one}, ${two}` },
  })
})

test('a text that fits none is an error', async () => {
  await expect(siteByText('nothing', env, '/')).rejects.toMatchObject({ code: 'SITE_MISSING' })
})

test('a damaged index is begun anew', async () => {
  await remember('a')
  writeFileSync(join(base, 'state/balsam/sites.json'), '{"sites":"')
  const [path] = await remember('b')
  expect(await knownSites(env)).toEqual([path])
})
