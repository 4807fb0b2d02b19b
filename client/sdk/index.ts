// The package's main export: `import { connect } from 'balsam-ts'`. Names only.

export type * from '../../protocol/calls.ts'
export type { FaultCode, FaultFacts } from '../../protocol/faults.ts'
export { Fault } from '../../protocol/faults.ts'
export type * from '../../protocol/job.ts'
export type { JobState } from '../../protocol/states.ts'
export type { Balsam, ConnectOptions, JobRequests, PageRequest } from './balsam.ts'
export { connect } from './balsam.ts'
export { findSite } from './find-site.ts'
export { makeSite } from './site.ts'
