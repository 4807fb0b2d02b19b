// The committed reference is what the programs say of themselves.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { exitCodes } from '../../../../client/cli/exit-codes.ts'
import { referencePages } from '../../../../client/cli/reference.ts'
import { faultCatalogue } from '../../../../protocol/faults.ts'

const root = join(import.meta.dirname, '../../../..')

test('the reference pages are up to date (npm run docs)', async () => {
  const pages = Object.entries(await referencePages())
  expect(pages.length).toBeGreaterThan(3)
  const stale = pages.filter(([path, text]) => readFileSync(join(root, path), 'utf8') !== text)
  expect(stale.map(([path]) => path)).toEqual([])
})

test('every exit code of an error is explained', () => {
  const used = Object.values(faultCatalogue).map(({ exit }) => exit)
  expect(used.filter((code) => exitCodes[code] === undefined)).toEqual([])
})
