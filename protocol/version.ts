// The version of this package; a test keeps it equal to package.json's.

/** Version of this build, `1.2.3`. */
export const version = '0.1.0'
