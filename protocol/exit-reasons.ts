// Fixed reasons in the last part of an ExitedFrame, which the daemon acts on; others are words.
// Must never change: they are part of the wire format.

export const exitReasons = {
  /** The task was ended because the allocation's walltime was over (Balsam's RUN_TIMEOUT). */
  wallTime: 'walltime',
  /** The task was ended because its launcher was told to stop: the job may be tried again. */
  stopped: 'stopped',
  /** The spawner died and the task was ended with it: the job may be tried again. */
  lost: 'lost',
} as const
