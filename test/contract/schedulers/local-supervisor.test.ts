// The local scheduler keeps the contract with the supervisor that it really starts, launchers
// included.
import { localWorld } from './local-world.ts'
import { schedulerContract } from './suite.ts'

schedulerContract(() => localWorld('real'))
