// The package's export `./protocol`: the words of the wire, for clients in other programs.
// Names only; must never gain behaviour, and a name once given out stays.

export * from './calls.ts'
export * from './exit-reasons.ts'
export * from './faults.ts'
export * from './frames.ts'
export type * from './job.ts'
export { limits } from './limits.ts'
export * from './query.ts'
export * from './states.ts'
export { version } from './version.ts'
