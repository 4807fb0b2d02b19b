// Every bound of the system in one place, each with its reason. Units stand last in the names.
// Nothing here may depend on another module.

export const limits = {
  /** linux truncates sun_path at 108; older Node does so silently, so we stop well before. */
  socketPathBytesMax: 100,
  /** One name or workflow: it becomes a path component next to an id (NAME_MAX is 255). */
  nameLengthMax: 128,
  /**
   * All words of one command: MAX_ARG_STRLEN is 128 KiB a word;
   * a task's whole argv must leave room for the environment.
   */
  argsBytesMax: 128 * 1024,
  /** One environment variable set by a job or an app. */
  environmentBytesMax: 128 * 1024,
  /** Jobs in one submission; ids stay far below 2^53. */
  submissionJobsMax: 10_000_000,
  /** Edges between the jobs of one submission: 20 bytes each in memory while somebody waits. */
  submissionEdgesMax: 10_000_000,
  /** Parents named by one request: what fits into a line; an array is one parent. */
  parentsMax: 100_000,
  /** Names of existing jobs among the parents of a submission: each is looked up. */
  parentNamesMax: 1_000,
  /** Parents and children shown of one job: what a person reads; there may be 100,000. */
  kinShownMax: 100,
  /** A name, a dash and the index of an array's element. */
  elementNameLengthMax: 128 + 16,
  /** One NDJSON line of a submission: args, environment and some air. */
  submissionLineBytesMax: 1024 * 1024,
  /**
   * Requests checked between two looks at the event loop,
   * so that a large submission never blocks 20 ms.
   */
  submissionSliceJobs: 500,
  /** Body of any other call. */
  callBodyBytesMax: 1024 * 1024,
  /** Rows of one page of a list, read in about 8 ms; more come by `after`. */
  pageJobsMax: 2_500,
  /** Rows of a list on a terminal. */
  pageJobsDefault: 50,
  /** Events (inbox) are taken for at most this long in one turn, then their commit is sent. */
  turnMsMax: 10,
  /**
   * Leases given in one turn; the rest of the room is filled
   * in the turns after it. About 10 ms of work.
   */
  turnLeasesMax: 1_000,
  /** The tables follow the journal at most this long behind … */
  catchUpMsMax: 50,
  /**
   * … or this many job changes, which are the rows of one transaction: a commit never waits longer
   * behind it than about 10 ms.
   */
  catchUpChunkJobs: 2_000,
  /** How often a launcher says that it lives. */
  heartbeatMs: 5_000,
  /** Silence after which a launcher is shown as silent; its jobs are not run elsewhere for that. */
  heartbeatSilenceMsMax: 15_000,
  /** One frame after authentication; 1,000 tasks with long command lines fit. */
  frameBytesMax: 4 * 1024 * 1024,
  /** A hello: it names every token held, of which a launcher that was cut off may have 100,000. */
  helloBytesMax: 1024 * 1024,
  /** A peer that does not say hello in this time is closed. */
  helloMsMax: 5_000,
  /** Sockets that have not said hello, at once. */
  unauthenticatedSocketsMax: 50,
  /** Launcher connections at once. */
  launchersMax: 4_096,
  /** A peer that does not read: no further assignment above this … */
  sendBufferPauseBytes: 8 * 1024 * 1024,
  /** … and closed above this. */
  sendBufferCloseBytes: 64 * 1024 * 1024,
  /** Tasks in one assignment frame. */
  assignTasksMax: 1_000,
  /** Exits in one report frame. */
  reportExitsMax: 1_000,
  /** A launcher collects exits for this long at most before it reports them. */
  reportMsMax: 2,
  /** … or for this long while enough work waits at the launcher: each report costs a commit. */
  reportBusyMsMax: 20,
  /**
   * A task is reported as started when it still runs after this long;
   * shorter ones come with their exit.
   */
  startedReportMs: 50,
  /** Work that a launcher holds beyond its free slots: about this long of it … */
  backlogMs: 300,
  /** … and never more tasks than this. */
  backlogTasksMax: 2_048,
  /** After TERM a task gets this long before KILL, unless asked otherwise. */
  killGraceMs: 5_000,
  /** First wait before a launcher connects again; doubles with jitter … */
  reconnectMsMin: 100,
  /** … up to this. */
  reconnectMsMax: 10_000,
  /** How often allocations are looked at when nothing is expected to change. */
  schedulerPollMs: 30_000,
  /** The local scheduler lives on this machine; looking costs a few reads of /proc. */
  localPollMs: 1_000,
  /** Nodes of one allocation of the local scheduler. */
  localNodesMax: 64,
  /** Time a daemon has to become ready after it was started. */
  daemonStartMsMax: 30_000,
  /** Wait streams send at most so many progress lines a second. */
  progressPerSecondMax: 10,
  /**
   * Tasks that one launcher may hold (queued, running, exits not acknowledged): its hello lists
   * them all and must fit a frame.
   */
  heldTasksMax: 100_000,
  /**
   * A launcher whose tasks have ended waits so long for the daemon to
   * acknowledge their exits; then the journals must do.
   */
  stopReportMsMax: 5_000,
  /** What a supervisor adds to the time in which its launchers should have ended. */
  stopSlackMs: 2_000,
  /** Connections of tasks to their launcher's socket, at once. */
  relayConnectionsMax: 1_000,
  /**
   * A task's relayed call is given up after this;
   * the daemon answers within milliseconds or is not there.
   */
  relayAnswerMsMax: 60_000,
  /** Jobs of `balsam ls --tree`: more than anybody reads, and the tree is made in memory. */
  treeJobsMax: 20_000,
  /** A task's wait is answered after this, done or not, and asked again. */
  taskWaitMsMax: 20_000,
  /** Jobs that one call of a task may change: each one's descent is looked up. */
  taskCallJobsMax: 10_000,
  /** First wait before a launcher that died is started again; doubles … */
  restartMsMin: 200,
  /** … up to this. */
  restartMsMax: 30_000,
  /** A launcher that lived this long starts again with the first wait. */
  restartHealthyMs: 60_000,
  /** Cores of a job, and jobs packed on a node: more than any node has. */
  cpusMax: 65_536,
  /** Characters of a description: a paragraph for people. */
  descriptionLengthMax: 4_096,
  /** A job's priority lies between minus this and this. */
  priorityMax: 1_000_000_000,
  /** Automatic retries of one job. */
  retriesMax: 1_000,
  /** Ten years: as good as no limit, and still a safe number in ms. */
  wallTimeMinutesMax: 5_256_000,
  /** PATH_MAX of Linux. */
  pathLengthMax: 4_096,
  /** An idempotency key: a UUID, a hash or a sentence. */
  idempotencyKeyLengthMax: 200,
  /** Ids named one by one in a filter. */
  filterIdsMax: 100_000,
  /** Comparisons, `all`, `any` and `not` of one condition together. */
  queryTermsMax: 200,
  /** How deep `all`, `any` and `not` may lie in each other: SQLite's parser takes more. */
  queryDepthMax: 20,
  /** A column's name: a path into a tag or the user's data. */
  queryFieldLengthMax: 256,
  /** Columns of an order or of `fields`. */
  queryFieldsMax: 64,
  /** Rows that an ordered list may skip: beyond, page by `after`. */
  queryOffsetMax: 10_000_000,
  /** The pages after the first say how many jobs matched then, for so long. */
  totalKeptMs: 60_000,
  /** Different jobs changed by one modify: their new versions lie in memory for a moment. */
  changedSpecsMax: 100_000,
  /** Jobs whose state one modify forces: each gets memory of its own. */
  forcedJobsMax: 100_000,
  /** What a retry may multiply memory and time by at once. */
  retryFactorMax: 1_000,
  /** Ended jobs that one turn of a retry brings back. */
  retrySliceJobs: 500,
  /** Parents listed of one job of a page: an array after an array has a million. */
  listedParentsMax: 1_000,
  /** Tags of a job. */
  tagsMax: 64,
  /** One tag's value. */
  tagLengthMax: 1_024,
  /** A job's `data` as JSON: it goes with the job's spec through journal and lists. */
  dataBytesMax: 64 * 1024,
  /** Longest grace between TERM and KILL that a kill may ask for. */
  killGraceMsMax: 3_600_000,
  /** Allocations are of at most this many nodes, on any scheduler. */
  allocationNodesMax: 100_000,
  /**
   * After a refused upload the rest is read and dropped for this long,
   * so that the peer sees the answer.
   */
  discardMsMax: 5_000,
  /** Headers of a call must be there in this time. */
  callHeadersMsMax: 5_000,
  /** A call's connection that says nothing while its body is awaited is closed. */
  callSilenceMsMax: 120_000,
  /** Calls under way get this long when the server closes. */
  callsCloseMsMax: 3_000,
  /** How often a launcher behind TCP is pinged, so that dead peers and NAT tables are found out. */
  linkPingMs: 10_000,
  /** A client sends a call again this often at most (about 8 s in all), while a daemon restarts. */
  callRetriesMax: 12,
  /** A client that was being served waits this long for a stopped daemon to be brought back. */
  daemonReturnMsMax: 10_000,
  /** The daemon looks this often whether its site's directory is still there. */
  siteLookMs: 5_000,
  /** A stop ends local allocations first: their tasks' grace, then some air. */
  daemonStopMsMax: 60_000,
  /** A wait whose progress goes to a file or a pipe says where it stands this often. */
  progressLineMs: 30_000,
  /**
   * Searches that must find nothing before a submission whose answer was lost is sent once more: a
   * scheduler may list a job some seconds late.
   */
  searchesBeforeResubmit: 2,
  /** First wait before such a submission is sent again; doubles … */
  resubmitMsMin: 1_000,
  /** … up to this: a scheduler that loses every answer is in trouble, and not to be pressed. */
  resubmitMsMax: 300_000,
  /** Output kept of one scheduler command: a listing of 100,000 batch jobs fits. */
  commandOutputBytesMax: 8 * 1024 * 1024,
  /**
   * After a command's end its pipes are read for this long, though a grandchild may hold them open.
   */
  commandLingerMs: 200,
  /**
   * Past its walltime and the kill grace, an allocation that still lives
   * gets this long before the scheduler adapter ends it.
   */
  wallTimeSlackMs: 10_000,
  /**
   * Rounds of KILL over an allocation's processes:
   * each finds what was forked during the one before.
   */
  killRoundsMax: 50,
  /** Time between two such rounds. */
  killRoundMs: 20,
  /** A launcher started by hand that asked to be known must be seen running in this time. */
  foreignStartMsMax: 60_000,
  /** What a Python call is told; larger arguments go by a file: the database keeps this. */
  pythonPayloadLengthMax: 64 * 1024,
  /** A warm Python worker that has had nothing to do for so long ends: it may hold much memory. */
  pythonIdleMsMax: 60_000,
  /** A worker that has grown by this much since its first call is replaced by a fresh one. */
  pythonGrowthMiBMax: 1_024,
  /** Calls that one worker serves: what they leak in small amounts goes with it. */
  pythonCallsMax: 20_000,
  /** Last bytes of its output that are kept when a worker dies. */
  pythonTailBytes: 8 * 1024,
  /** A spawner collects reports of busy lanes for this long: each wakes the launcher. */
  spawnerReportMs: 10,
  /** A spawner's journal is rotated at this size: about 20,000 tasks, read in some 50 ms. */
  journalBytesMax: 4 * 1024 * 1024,
  /** One line between launcher and spawner: a batch of tasks with long command lines. */
  spawnerLineBytesMax: 64 * 1024 * 1024,
  /** A full process table is tried again after this long … */
  spawnRetryMs: 50,
  /** … and for no longer than this: then the task is reported as not started. */
  spawnRetryMsMax: 10_000,
  /** How often an orphaned spawner looks for commands of an adopting launcher. */
  controlPollMs: 100,
  /** How often an adopting launcher looks into a journal. */
  journalPollMs: 50,
  /** How often a spawner reaps processes that tasks left behind outside their group. */
  reapMs: 1_000,
  /** Looks for processes of an ended task that fork while they are being killed. */
  markerRoundsMax: 5,
  /** A spawner that dies at once is started again after this long, doubling … */
  spawnerRestartMsMin: 50,
  /** … up to this … */
  spawnerRestartMsMax: 5_000,
  /** … unless it lived this long before. */
  spawnerProvenMs: 10_000,
  /**
   * Parents named in a task's environment, where a variable takes 128 KiB, and whose files a job
   * may take over.
   */
  parentsNamedMax: 10_000,
  /** Globs of a job's input or stage-out files. */
  globsMax: 1_000,
  /** Words of retryOn: there are not more sensible ones. */
  retryWordsMax: 100,
  /** Hooks and transfers that a launcher runs at once: Balsam 0.3's transition threads. */
  hookSlotsDefault: 5,
  /** More than a node's kernel and file system are good for. */
  hookSlotsMax: 1_000,
  /** A hook that runs longer is ended: Balsam 0.3's bound. */
  hookMsDefault: 300_000,
  /** A transfer that takes longer is ended: some terabytes over a slow file system. */
  stageMsDefault: 3_600_000,
  /** A task of an app that fails within this time fails at once: so do black holes' … */
  quickFailureMs: 10_000,
  /** … and so often in a row, on a node of which others are better, … */
  quickFailuresMax: 3,
  /** … keeps the app from the node for this long. */
  exclusionMs: 600_000,
  /** A transfer that failed is tried so often in all … */
  transferTriesMax: 3,
  /** … after this long, then four times as long. */
  transferRetryMs: 500,
  /** Between TERM and KILL of a hook: a killed job's hook is gone within a second. */
  hookGraceMs: 500,
  /** Last lines of preprocess.log in a job's history, as in Balsam 0.3 … */
  preprocessTailLines: 16,
  /** … and of postprocess.log. */
  postprocessTailLines: 30,
  /** Bytes of such an end: a hook may print a gigabyte without a line break. */
  tailBytesMax: 4_096,
  /** Steps wait so long for a launcher with hook slots before the daemon starts one … */
  hooksLauncherWaitMsMin: 2_000,
  /** … and longer, doubling up to this, while those that it starts end at once. */
  hooksLauncherWaitMsMax: 60_000,
  /** The daemon's own launcher for hooks ends when there was none for this long. */
  hooksIdleExitMs: 60_000,
  /**
   * The lock of a site whose owner has died is waited for: its last write may hang on a
   * slow disk.
   */
  dyingOwnerMsMax: 10_000,
} as const
