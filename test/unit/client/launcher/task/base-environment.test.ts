// What of an environment reaches the tasks.
import { expect, test } from 'vitest'
import { baseEnvironment } from '../../../../../client/launcher/task/base-environment.ts'

const allocation = { siteDirectory: '/site', nodes: [{ name: 'n', cpus: 1 }], jobMode: 'serial' }
const place = { nodeIndex: 2, marker: 'site:7', socket: '/tmp/x.task' }

test('the allocation’s environment is the base, not that of the launcher', () => {
  const file = { ...allocation, environment: { HOME: '/me' } }
  expect(baseEnvironment(file, { OWN: '1' }, place)).toEqual({
    HOME: '/me',
    BALSAM_SITE: '/site',
    BALSAM_DB_PATH: '/site',
    BALSAM_LAUNCHER_NODES: '1',
    BALSAM_JOB_MODE: 'serial',
    BALSAM_PARENT_IDS: '[]',
    BALSAM_ALLOCATION_MARKER: 'site:7',
    BALSAM_NODE_INDEX: '2',
    BALSAM_SOCKET: '/tmp/x.task',
  })
})

test('an allocation without an environment takes the launcher’s own', () => {
  const found = baseEnvironment({ ...allocation, environment: null }, { OWN: '1' }, place)
  expect(found).toMatchObject({ OWN: '1' })
})

test('secrets, internals and the marks of another task are left out', () => {
  const environment = {
    BALSAM_PSK: 's',
    BALSAM_ALLOCATION_KEY: 's',
    NODE_OPTIONS: '--x',
    NODE_CHANNEL_FD: '3',
    BALSAM_JOB_ID: '5',
    BALSAM_TASK_MARKER: 'a:b:c',
    BALSAM_TASK_TOKEN: '4',
    BALSAM_OPEN_FILES: '512',
  }
  const found = baseEnvironment({ ...allocation, environment }, {}, place)
  expect(Object.keys(found).filter((name) => name in environment)).toEqual([])
})
