// What each exit code means. The codes themselves stand in the fault catalogue.

/** Meaning by code. */
export const exitCodes: Readonly<Record<number, string>> = {
  0: 'done',
  1: 'a bug, or a machine on which Balsam cannot work',
  2: 'wrong use: a flag, a value, a name, a setting',
  3: 'nothing matched',
  4: 'some of the waited jobs failed or were killed',
  5: 'a wait took longer than its `--timeout`',
  6: 'no daemon answers, or none may be started here',
  7: 'no such site, or programs of different versions',
  8: 'refused: not confirmed, not permitted, or in use by somebody else',
  9: 'the batch scheduler refused or is unknown',
  130: 'ended by Ctrl-C',
  143: 'ended by SIGTERM',
}
