// A registry on this machine that omits other platforms' packages, and packages to serve.
// Must never answer for a package that the test did not give it.
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { gzipSync } from 'node:zlib'

/** A package to serve: its package.json. */
export interface Served {
  readonly name: string
  readonly version: string
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

/** One file as a tar archive. */
function tar(path: string, contents: Buffer): Buffer {
  const head = Buffer.alloc(512)
  head.write(path, 0)
  head.write('0000644\0', 100)
  head.write('0000000\0', 108)
  head.write('0000000\0', 116)
  head.write(`${contents.length.toString(8).padStart(11, '0')}\0`, 124)
  head.write('00000000000\0', 136)
  head.write('        ', 148)
  head.write('0', 156)
  head.write('ustar\0', 257)
  head.write('00', 263)
  const sum = head.reduce((total, byte) => total + byte, 0)
  head.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  const padding = Buffer.alloc((512 - (contents.length % 512)) % 512)
  return Buffer.concat([head, contents, padding, Buffer.alloc(1024)])
}

/** The package as npm would pack it. */
function archive(served: Served): Buffer {
  return gzipSync(tar('package/package.json', Buffer.from(JSON.stringify(served))))
}

/** The hash that a lock file holds for the package. */
export function integrityOf(served: Served): string {
  return `sha512-${createHash('sha512').update(archive(served)).digest('base64')}`
}

/** A running registry; `asked` lists the paths that were requested. */
export interface Registry {
  readonly url: string
  readonly asked: string[]
  close(): Promise<void>
}

/** Starts a registry that serves these packages, and 404 for all others. */
export async function startRegistry(packages: readonly Served[]): Promise<Registry> {
  const asked: string[] = []
  let url = ''
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? '')
    asked.push(path)
    const served = packages.find(({ name }) => path === `/${name}` || path === `/${name}.tgz`)
    if (served === undefined) {
      response.writeHead(404).end('{"error":"not found"}')
    } else if (path.endsWith('.tgz')) {
      response.end(archive(served))
    } else {
      const dist = { tarball: `${url}/${served.name}.tgz`, integrity: integrityOf(served) }
      const versions = { [served.version]: { ...served, dist } }
      const tags = { latest: served.version }
      response.end(JSON.stringify({ name: served.name, 'dist-tags': tags, versions }))
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  url = `http://127.0.0.1:${address.port}`
  return {
    url,
    asked,
    async close() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}
