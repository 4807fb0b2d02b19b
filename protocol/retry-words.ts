// The words of retryOn: which failures a job's retries are for.
// Pure. Signals are known by name or number, exit codes one by one or from-to.

/** `any`, `exit`, `exit:N`, `exit:N-M`, `signal`, `signal:NAME`, `signal:N`, `start`. */
export const retryWord: RegExp =
  /^(?:any|exit|exit:\d{1,3}(?:-\d{1,3})?|signal|signal:(?:[A-Z][A-Z0-9]{1,8}|\d{1,2})|start)$/

/** How an attempt failed. */
export interface Failure {
  /** −1: by a signal, or never started. */
  readonly code: number
  /** 0: none. */
  readonly signal: number
  readonly isStarted: boolean
}

/** Linux signal numbers, equal on all architectures that Node supports. */
const signals: Readonly<Record<string, number>> = {
  HUP: 1,
  INT: 2,
  QUIT: 3,
  ILL: 4,
  TRAP: 5,
  ABRT: 6,
  BUS: 7,
  FPE: 8,
  KILL: 9,
  USR1: 10,
  SEGV: 11,
  USR2: 12,
  PIPE: 13,
  ALRM: 14,
  TERM: 15,
  XCPU: 24,
  XFSZ: 25,
}

/** Are the retries for this failure? No words: for every one. */
export function isRetried(words: readonly string[], failure: Failure): boolean {
  return words.length === 0 || words.some((word) => isMeant(word, failure))
}

function isMeant(word: string, { code, signal, isStarted }: Failure): boolean {
  const [kind, detail] = word.split(':')
  if (kind === 'any') return true
  if (kind === 'start') return !isStarted
  if (kind === 'signal') {
    if (signal === 0) return false
    return (
      detail === undefined || signal === (signals[detail.replace(/^SIG/, '')] ?? Number(detail))
    )
  }
  if (code < 0) return false
  const [low, high = low] = (detail ?? '0-255').split('-').map(Number)
  return code >= (low ?? 0) && code <= (high ?? 255)
}
