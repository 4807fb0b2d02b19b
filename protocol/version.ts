// The version of this package; a test keeps it equal to package.json's.

/**
 * Call languages that this build speaks. Calls and fields are only ever added; the number is raised
 * when that does not do, and the older one is spoken on where that can be done.
 */
export const callVersions = { oldest: 1, newest: 1 } as const

/** Header of a client of ours: `CALL_VERSION VERSION`. Without it (curl) the newest is meant. */
export const clientVersionHeader = 'balsam-client'

/** Version of this build, `1.2.3`. */
export const version = '0.1.0'
