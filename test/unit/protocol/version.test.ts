// The version that programs tell each other is the package's.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { version } from '../../../protocol/version.ts'

test('the version in the protocol is that of package.json', () => {
  const path = join(import.meta.dirname, '../../../package.json')
  expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({ version })
})
