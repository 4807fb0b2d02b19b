// The few calls of the C library that a spawner needs, through koffi.
// Must be the only file that knows koffi. Addresses are plain numbers: below 2^53 on 64-bit Linux.
import { endianness } from 'node:os'

/** C functions; each returns what C returns (−1 and errno, unless said otherwise). */
export interface Libc {
  /** Returns an errno, 0 when started. */
  posix_spawn(
    pid: number,
    path: number,
    actions: number,
    attributes: number,
    argv: number,
    envp: number,
  ): number
  posix_spawnattr_init(attributes: number): number
  posix_spawnattr_setflags(attributes: number, flags: number): number
  posix_spawnattr_setpgroup(attributes: number, group: number): number
  posix_spawnattr_setsigdefault(attributes: number, set: number): number
  posix_spawnattr_setsigmask(attributes: number, set: number): number
  posix_spawn_file_actions_init(actions: number): number
  posix_spawn_file_actions_adddup2(actions: number, from: number, to: number): number
  posix_spawn_file_actions_destroy(actions: number): number
  wait4(pid: number, status: number, options: number, usage: number): number
  poll(entries: number, count: number, ms: number): number
  open(path: string, flags: number, mode: number): number
  close(fd: number): number
  fcntl(fd: number, operation: number, value: number): number
  kill(pid: number, signal: number): number
  signal(signal: number, handler: number): number
  chdir(path: string): number
  mkdir(path: string, mode: number): number
  clock_gettime(clock: number, time: number): number
  getrusage(who: number, usage: number): number
  prctl(option: number, value: number, a: number, b: number, c: number): number
  sched_getaffinity(pid: number, bytes: number, mask: number): number
  sched_setaffinity(pid: number, bytes: number, mask: number): number
  getrlimit(resource: number, limit: number): number
  setrlimit(resource: number, limit: number): number
  syscall(call: number, a: number, b: number, c: number, d: number): number
  /** Of the last call. */
  errno(): number
  /** Where a buffer lies; it stays there as long as it is referenced. */
  address(memory: Uint8Array): number
}

/** System call numbers, the same on every architecture. */
export const systemCalls = { pidfdSendSignal: 424, pidfdOpen: 434 } as const

const declarations = [
  'int posix_spawn(size_t pid, size_t path, size_t actions, size_t attr, size_t argv, size_t envp)',
  'int posix_spawnattr_init(size_t attr)',
  'int posix_spawnattr_setflags(size_t attr, short flags)',
  'int posix_spawnattr_setpgroup(size_t attr, int group)',
  'int posix_spawnattr_setsigdefault(size_t attr, size_t set)',
  'int posix_spawnattr_setsigmask(size_t attr, size_t set)',
  'int posix_spawn_file_actions_init(size_t actions)',
  'int posix_spawn_file_actions_adddup2(size_t actions, int from, int to)',
  'int posix_spawn_file_actions_destroy(size_t actions)',
  'int wait4(int pid, size_t status, int options, size_t usage)',
  'int poll(size_t entries, size_t count, int ms)',
  'int open(const char *path, int flags, int mode)',
  'int close(int fd)',
  'int fcntl(int fd, int operation, long value)',
  'int kill(int pid, int signal)',
  'size_t signal(int signal, size_t handler)',
  'int chdir(const char *path)',
  'int mkdir(const char *path, int mode)',
  'int clock_gettime(int clock, size_t time)',
  'int getrusage(int who, size_t usage)',
  'int prctl(int option, long value, long a, long b, long c)',
  'int sched_getaffinity(int pid, size_t bytes, size_t mask)',
  'int sched_setaffinity(int pid, size_t bytes, size_t mask)',
  'int getrlimit(int resource, size_t limit)',
  'int setrlimit(int resource, size_t limit)',
  'long syscall(long call, long a, long b, long c, long d)',
]

/** Loads koffi and binds the functions. Throws where koffi is missing or layouts differ. */
export async function loadLibc(): Promise<Libc> {
  if (process.platform !== 'linux' || endianness() !== 'LE') throw new Error('not a usual Linux')
  if (!['x64', 'arm64', 'riscv64'].includes(process.arch)) throw new Error('not a 64-bit machine')
  const { default: koffi } = await import('koffi')
  const library = koffi.load('libc.so.6')
  const functions: Record<string, unknown> = {
    errno: () => koffi.errno(),
    address: (memory: Uint8Array) => Number(koffi.address(memory)),
  }
  for (const declaration of declarations) {
    const bound = library.func(declaration)
    functions[bound.info.name] = bound
  }
  // A border: the declarations above are the C side of the interface.
  return functions as unknown as Libc
}
