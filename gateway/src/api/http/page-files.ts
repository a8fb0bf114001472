import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { extname, join } from 'node:path'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { send } from './respond.ts'

const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8', '.mjs': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml', '.png': 'image/png', '.jpg': 'image/jpeg', '.webp': 'image/webp', '.ico': 'image/x-icon', '.woff2': 'font/woff2',
  '.json': 'application/json; charset=utf-8', '.webmanifest': 'application/manifest+json; charset=utf-8', '.txt': 'text/plain; charset=utf-8',
}
const compressible = /^(text\/|application\/(json|manifest)|image\/svg)/
const compress = promisify(gzip)

interface PageFile { body: Buffer; type: string; etag: string; hashed: boolean; gzip: Promise<Buffer> | undefined; brotli: Buffer | undefined }

/**
 * The built page. Its directory is listed first and only what was listed is ever served, so no spelling of a path can
 * reach another file; links in it are not followed.
 */
export interface PageFiles {
  /** The page is there. Looks again as long as it is not. */
  built(): boolean
  /** Whether `path` (`/assets/x.js`) is one of its files, other than the page itself. */
  has(path: string): boolean
  /** Sends a file that `has` named, or `/index.html`. */
  send(request: IncomingMessage, response: ServerResponse, path: string): Promise<void>
}

export function createPageFiles(directory: string | undefined): PageFiles {
  let listed: Map<string, string> | undefined
  let listedFor = 0
  const files = new Map<string, PageFile>()

  const list = (): Map<string, string> => {
    const index = directory === undefined ? undefined : join(directory, 'index.html')
    if (directory === undefined || index === undefined || !existsSync(index)) return new Map()
    const changed = statSync(index).mtimeMs
    if (listed !== undefined && changed === listedFor) return listed
    const found = new Map<string, string>()
    const walk = (at: string, prefix: string): void => {
      for (const entry of readdirSync(at, { withFileTypes: true })) {
        if (entry.isDirectory()) walk(join(at, entry.name), `${prefix}${entry.name}/`)
        else if (entry.isFile() && types[extname(entry.name)] !== undefined) found.set(`${prefix}${entry.name}`, join(at, entry.name))
      }
    }
    walk(directory, '/')
    files.clear()
    listed = found
    listedFor = changed
    return found
  }
  const load = (path: string): PageFile | undefined => {
    const known = files.get(path)
    const file = list().get(path)
    if (file === undefined) return undefined
    if (known !== undefined && files.has(path)) return known
    const body = readFileSync(file)
    const type = types[extname(path)] ?? 'application/octet-stream'
    const loaded: PageFile = {
      body,
      type,
      etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 27)}"`,
      hashed: /^\/assets\/.*-[A-Za-z0-9_-]{8}\.[a-z0-9]+$/.test(path),
      gzip: undefined,
      brotli: existsSync(`${file}.br`) ? readFileSync(`${file}.br`) : undefined,
    }
    files.set(path, loaded)
    return loaded
  }

  return {
    built: () => list().has('/index.html'),
    has: (path) => path !== '/index.html' && list().has(path),
    async send(request, response, path) {
      const file = load(path)
      if (file === undefined) return send(response, 404, 'text/plain; charset=utf-8', 'Not Found')
      response.setHeader('ETag', file.etag)
      response.setHeader('Vary', 'Accept-Encoding')
      response.setHeader('Cache-Control', file.hashed ? 'public, max-age=31536000, immutable' : 'no-cache')
      if (request.headers['if-none-match'] === file.etag) {
        response.statusCode = 304
        response.end()
        return
      }
      const accepted = String(request.headers['accept-encoding'] ?? '')
      if (file.brotli !== undefined && /\bbr\b/.test(accepted)) {
        response.setHeader('Content-Encoding', 'br')
        return send(response, 200, file.type, file.brotli)
      }
      if (compressible.test(file.type) && file.body.length > 1024 && /\bgzip\b/.test(accepted)) {
        file.gzip ??= compress(file.body, { level: 9 })
        response.setHeader('Content-Encoding', 'gzip')
        return send(response, 200, file.type, await file.gzip)
      }
      send(response, 200, file.type, file.body)
    },
  }
}
