// The local scheduler keeps the contract of all schedulers.

import { localWorld } from './local-world.ts'
import { schedulerContract } from './suite.ts'

schedulerContract(() => localWorld('brief'))
