// The TCP ports on which a process listens, from /proc: what anybody on the network could reach.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** State of a listening socket in /proc/net/tcp. */
const listening = '0A'

/** Addresses as `hex:port` with the port in decimal, IPv4 and IPv6. */
export function listenersOf(pid: number): readonly { address: string; port: number }[] {
  const inodes = new Set(
    readdirSync(`/proc/${pid}/fd`).map((fd) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1]
      } catch {
        // Closed between the list and the look.
        return undefined
      }
    }),
  )
  return ['tcp', 'tcp6'].flatMap((name) => {
    const lines = readFileSync(`/proc/${pid}/net/${name}`, 'utf8').trim().split('\n').slice(1)
    return lines.flatMap((line) => {
      const words = line.trim().split(/\s+/)
      const [address = '', port = ''] = (words[1] ?? '').split(':')
      if (words[3] !== listening || !inodes.has(words[9])) return []
      return [{ address, port: Number.parseInt(port, 16) }]
    })
  })
}
