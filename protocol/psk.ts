// How launchers on other hosts prove themselves: TLS with a pre-shared key. Both ends read this.
// Constants and names only; the keys themselves are in 0600 files and never in here, argv or a log.

/**
 * The version and suites of both ends; every one is ephemeral, so a stolen key opens no old
 * recording.
 */
export const pskTls = {
  minVersion: 'TLSv1.2',
  maxVersion: 'TLSv1.2',
  ciphers: 'ECDHE-PSK-CHACHA20-POLY1305:ECDHE-PSK-AES256-CBC-SHA384',
} as const

/** Bytes of a key. */
export const pskBytes = 32

/** The name under which a launcher of an allocation presents its key. */
export function pskIdentity(siteId: string, allocationId: number): string {
  return `site:${siteId}:allocation:${allocationId}`
}

/** The allocation that an identity names; null when it is of another site or malformed. */
export function allocationOfIdentity(siteId: string, identity: string): number | null {
  const prefix = pskIdentity(siteId, 0).slice(0, -1)
  const word = identity.startsWith(prefix) ? identity.slice(prefix.length) : ''
  return /^[1-9]\d{0,14}$/.test(word) ? Number(word) : null
}
