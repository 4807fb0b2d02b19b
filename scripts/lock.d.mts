// Types of scripts/lock.mjs, for the tests that call it.

/** An optional package that some package of the lock asks for and the lock lacks. */
export interface MissingOptional {
  readonly from: string
  readonly name: string
  readonly range: string
  readonly isDev: boolean
}

export interface Lock {
  packages: Record<string, Record<string, unknown>>
}

export declare function platformOfName(
  name: string,
): { os?: string[]; cpu: string[]; libc?: string[] } | undefined
export declare function missingOptionals(lock: Lock): MissingOptional[]
export declare function completeLock(lock: Lock): { added: string[]; unclear: string[] }
export declare function completeLockFile(path: string): { added: string[]; unclear: string[] }
