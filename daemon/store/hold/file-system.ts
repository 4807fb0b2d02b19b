// What kind of file system a directory lies on, by the magic number of statfs(2).
// Must never take an unknown one for a local one: WAL on a network file system corrupts.
import { statfsSync } from 'node:fs'

/** A kind of file system. */
export interface FileSystemKind {
  readonly name: string
  /** True when its files may be open on other hosts at the same time. */
  readonly isShared: boolean
}

const local: Readonly<Record<number, string>> = {
  61267: 'ext4',
  1481003842: 'xfs',
  2435016766: 'btrfs',
  801189825: 'zfs',
  16914836: 'tmpfs',
  2240043254: 'ramfs',
  2035054128: 'overlay',
  4076150800: 'f2fs',
  827541066: 'jfs',
  1382369651: 'reiserfs',
  3393526350: 'bcachefs',
}

const shared: Readonly<Record<number, string>> = {
  26985: 'nfs',
  20859: 'smb',
  4283649346: 'cifs',
  4266872130: 'smb2',
  198183888: 'lustre',
  1196443219: 'gpfs',
  428016422: 'beegfs',
  1702057286: 'fuse',
  12805120: 'ceph',
  1397113167: 'afs',
  16914839: '9p',
  2866260714: 'panfs',
  18225520: 'gfs2',
  1952539503: 'ocfs2',
  2020557398: 'vboxsf',
}

/** The kind with this magic number. */
export function kindOf(magic: number): FileSystemKind {
  const unsigned = magic >>> 0
  const ours = local[unsigned]
  if (ours !== undefined) return { name: ours, isShared: false }
  return { name: shared[unsigned] ?? `unknown (0x${unsigned.toString(16)})`, isShared: true }
}

/** The kind of file system that holds this directory. */
export function fileSystemOf(directory: string): FileSystemKind {
  return kindOf(statfsSync(directory).type)
}
