import { Problem, type Clock, type ConfigView, type SecretSource, type WebHit, type WebQuery } from '@moltbot/contract'
import { egressSection, webSection, type WebConfig } from './config.ts'
import type { Egress } from './create-egress.ts'
import type { DocumentRequest, ReadDocument } from './reading/read-document.ts'
import type { Reader } from './reading/create-reader.ts'
import { searchServices, type SearchService } from './search-services.ts'
import type { WebResponse } from './send-request.ts'
import type { EgressIdentity } from './types.ts'

export interface WebOptions {
  egress: Pick<Egress, 'request'>
  config: ConfigView
  secrets: SecretSource
  reader: Reader
  clock: Clock
  random(bytes: number): Buffer
}

export interface WebDocument {
  url: string
  status: number
  contentType: string
  title: string
  text: string
  truncated: boolean
  boundary: string
  /** Addresses it links to. */
  links: string[]
}

/** Reads pages and asks search services on somebody's behalf. Results are kept for a while, for the same agent and principal only. */
export interface Web {
  read(identity: EgressIdentity, url: string, options: { as: 'markdown' | 'text'; charsMax?: number }, signal: AbortSignal): Promise<WebDocument>
  /** A PNG, JPEG, GIF or WebP, in base64. Never kept. */
  picture(identity: EgressIdentity, url: string, signal: AbortSignal): Promise<{ url: string; mimeType: string; data: string; boundary: string }>
  /** A file as it is, of at most 50 MB, under the name its address ends with. Never kept. */
  file(identity: EgressIdentity, url: string, signal: AbortSignal): Promise<{ fileName: string; bytes: Buffer }>
  search(identity: EgressIdentity, query: WebQuery, signal: AbortSignal): Promise<{ hits: WebHit[]; provider: string; hint?: string; boundary: string }>
  /** Text of a PDF that is already here. */
  pdf(bytes: Buffer, options: { pages?: { first: number; last: number } }, signal: AbortSignal): Promise<{ text: string; truncated: boolean; boundary: string }>
}

const htmlBytesMax = 5 * 1_048_576
const documentBytesMax = 20 * 1_048_576
const pdfCharsMax = 50_000
/** The most that every provider takes. */
const pictureBytesMax = 5_000_000
/** The most a network takes by its ordinary way. */
const fileBytesMax = 50_000_000
/** A file may take longer than a page. */
const fileTimeoutMs = 60_000
const cachedMax = 40

export function createWeb(options: WebOptions): Web {
  const { config, clock } = options
  const cache = new Map<string, { at: number; value: unknown }>()
  config.onChange(egressSection, () => cache.clear())
  config.onChange(webSection, () => cache.clear())
  const boundary = (): string => options.random(9).toString('base64url')

  async function cached<T>(key: string, minutes: number, make: () => Promise<T>): Promise<T> {
    const known = cache.get(key)
    if (known !== undefined && clock.now() - known.at < minutes * 60_000) return known.value as T
    const value = await make()
    cache.delete(key)
    if (minutes > 0) cache.set(key, { at: clock.now(), value })
    for (const oldest of cache.keys()) {
      if (cache.size <= cachedMax) break
      cache.delete(oldest)
    }
    return value
  }

  return {
    async read(identity, url, { as, charsMax }, signal) {
      const settings = config.get(webSection).fetch
      if (!settings.enabled) throw off('Reading pages', 'tools.web.fetch.enabled')
      const page = await cached(JSON.stringify(['read', identity.agent, identity.principal, as, url]), settings.cacheTtlMinutes, async () => {
        const answer = await options.egress.request(identity, {
          url, bytesMax: documentBytesMax, timeoutMs: settings.timeoutSeconds * 1000, redirectsMax: settings.maxRedirects, signal,
          headers: { 'user-agent': settings.userAgent, accept: 'text/html,application/xhtml+xml,application/json,application/pdf,text/*;q=0.9,*/*;q=0.1', 'accept-language': 'en,*;q=0.5' },
        })
        const { kind, charset, contentType } = kindOf(answer)
        if (kind === 'html' && answer.body.length > htmlBytesMax) throw new Problem('egress-too-large', `The page is larger than ${htmlBytesMax / 1_048_576} MiB.`, { next: 'Look for a smaller page.' })
        const read: ReadDocument = answer.body.length === 0 ? { title: '', text: '', links: [], truncated: false } : await options.reader.read({ kind, charset, url: answer.url, as, charsMax: settings.maxChars }, answer.body, signal)
        return { ...read, url: answer.url, status: answer.status, contentType }
      })
      const most = Math.min(charsMax ?? settings.maxChars, settings.maxChars)
      const longer = page.text.length > most
      return { ...page, text: longer ? page.text.slice(0, most) : page.text, truncated: page.truncated || longer, boundary: boundary() }
    },

    async picture(identity, url, signal) {
      const settings = config.get(webSection).fetch
      if (!settings.enabled) throw off('Reading pages', 'tools.web.fetch.enabled')
      const answer = await options.egress.request(identity, {
        url, bytesMax: pictureBytesMax, timeoutMs: settings.timeoutSeconds * 1000, redirectsMax: settings.maxRedirects, signal, headers: { 'user-agent': settings.userAgent, accept: 'image/png,image/jpeg,image/webp,image/gif' },
      })
      const mimeType = answer.status === 200 ? pictureType(answer.body) : undefined
      if (mimeType === undefined) throw new Problem('web-content', answer.status === 200 ? 'There is no PNG, JPEG, GIF or WebP at this address.' : `The host answered with status ${answer.status}.`, { next: 'Use the address of the picture itself, as it stands on its page.' })
      return { url: answer.url, mimeType, data: answer.body.toString('base64'), boundary: boundary() }
    },

    async file(identity, url, signal) {
      const settings = config.get(webSection).fetch
      if (!settings.enabled) throw off('Reading pages', 'tools.web.fetch.enabled')
      const answer = await options.egress.request(identity, { url, bytesMax: fileBytesMax, timeoutMs: fileTimeoutMs, redirectsMax: settings.maxRedirects, signal, headers: { 'user-agent': settings.userAgent, accept: '*/*' } })
      if (answer.status !== 200) throw new Problem('web-content', `The host answered with status ${answer.status}.`, { next: 'Use the address of the file itself.' })
      return { fileName: nameIn(answer), bytes: answer.body }
    },

    async search(identity, query, signal) {
      const settings = config.get(webSection).search
      if (!settings.enabled) throw off('Searching', 'tools.web.search.enabled')
      const { service, hint } = await chooseService(settings, options.secrets)
      const count = Math.min(10, Math.max(1, query.count ?? settings.maxResults))
      const hits = await cached(JSON.stringify(['search', identity.agent, identity.principal, service.name, count, query]), settings.cacheTtlMinutes, async () => {
        const asked = service.request({ ...query, count })
        const answer = await options.egress.request(identity, {
          url: asked.url, bytesMax: 2 * 1_048_576, timeoutMs: settings.timeoutSeconds * 1000, redirectsMax: 0, signal,
          headers: { accept: 'application/json', 'user-agent': config.get(webSection).fetch.userAgent },
          ...(service.trusted === undefined ? {} : { trustedOrigin: service.trusted }), ...(asked.secretHeader === undefined ? {} : { secretHeader: asked.secretHeader }),
        })
        if (answer.status !== 200) throw failed(service, `answered with status ${answer.status}${answer.status === 401 || answer.status === 403 || answer.status === 422 ? ', which usually means the key or its settings are wrong' : answer.status === 429 ? ', too many requests' : ''}`)
        try {
          return service.hits(JSON.parse(answer.body.toString('utf8'))).slice(0, count)
        } catch {
          // Not the JSON it promises.
          throw failed(service, 'gave an answer that cannot be read')
        }
      })
      return { hits, provider: service.name, ...(hint === undefined ? {} : { hint }), boundary: boundary() }
    },

    async pdf(bytes, { pages }, signal) {
      if (!bytes.subarray(0, 1024).includes('%PDF-')) throw new Problem('web-content', 'This is not a PDF.')
      const { text, truncated } = await options.reader.read({ kind: 'pdf', charset: '', url: 'about:blank', as: 'text', charsMax: pdfCharsMax, ...(pages === undefined ? {} : { pages }) }, bytes, signal)
      return { text, truncated, boundary: boundary() }
    },
  }
}

async function chooseService(settings: WebConfig['search'], secrets: SecretSource): Promise<{ service: SearchService; hint?: string }> {
  const key = settings.provider === 'auto' || settings.provider === 'brave' ? (await secrets.get('tools.web.search.apiKey')) ?? (await secrets.get('env:BRAVE_API_KEY')) : undefined
  if (settings.provider === 'brave' || (settings.provider === 'auto' && key !== undefined)) {
    if (key === undefined) throw new Problem('web-search-failed', 'Searching with Brave needs a key and none is set.', { next: 'The owner can set tools.web.search.apiKey or BRAVE_API_KEY.' })
    return { service: searchServices.brave(key) }
  }
  if (settings.provider === 'searxng' || (settings.provider === 'auto' && settings.baseUrl !== undefined)) {
    if (settings.baseUrl === undefined || !URL.canParse(settings.baseUrl)) throw new Problem('web-search-failed', 'Searching with SearXNG needs its address and none is set.', { next: 'The owner can set tools.web.search.baseUrl.' })
    return { service: searchServices.searxng(settings.baseUrl) }
  }
  return {
    service: searchServices.wikipedia(),
    ...(settings.provider === 'auto' ? { hint: 'Only Wikipedia was asked, because no search service is set up. The owner can set tools.web.search.apiKey (Brave) or tools.web.search.baseUrl (a SearXNG).' } : {}),
  }
}

function off(what: string, key: string): Problem {
  return new Problem('web-off', `${what} is switched off.`, { next: `The owner can set ${key} to true.` })
}

function failed(service: SearchService, why: string): Problem {
  return new Problem('web-search-failed', `${service.name} ${why}.`, { next: 'Try again later, or tell the person.' })
}

/** What to read it as: by its first bytes where they tell, then by what the host says. Rejects what is not text. */
function kindOf(answer: WebResponse): { kind: DocumentRequest['kind']; charset: string; contentType: string } {
  const header = answer.headers['content-type'] ?? ''
  const contentType = (header.split(';')[0] ?? '').trim().toLowerCase()
  const charset = /charset\s*=\s*"?([\w.:-]{1,40})/i.exec(header)?.[1] ?? ''
  const start = answer.body.subarray(0, 1_024)
  const kind = start.subarray(0, 5).toString('latin1') === '%PDF-' ? 'pdf'
    : isBinary(start, charset) ? undefined
      : /^(?:text\/html|application\/xhtml\+xml)$/.test(contentType) || (contentType === '' && /<(?:!doctype html|html|head|body)\b/i.test(start.toString('latin1'))) ? 'html'
        : /^(?:application|text)\/(?:[\w.+-]+\+)?json$/.test(contentType) ? 'json'
          : contentType === '' || /^text\/|^application\/(?:[\w.+-]+\+)?(?:xml|yaml|javascript|x-ndjson|toml|sql|x-sh)$/.test(contentType) ? 'text'
            : undefined
  if (kind === undefined) {
    throw new Problem('web-content', `The document is of the kind ${contentType === '' ? 'unknown' : contentType.replaceAll(/[^\w.+/-]/g, '?').slice(0, 80)}, which cannot be read as text.`, { next: 'Look for a page, text, JSON or PDF.' })
  }
  return { kind, charset, contentType: contentType === '' ? 'unknown' : contentType.replaceAll(/[^\w.+/-]/g, '?').slice(0, 80) }
}

const endings: Readonly<Record<string, string>> = { 'image/png': 'png', 'image/jpeg': 'jpg', 'image/gif': 'gif', 'image/webp': 'webp', 'application/pdf': 'pdf', 'text/plain': 'txt', 'text/html': 'html', 'audio/mpeg': 'mp3', 'audio/ogg': 'ogg', 'video/mp4': 'mp4' }

/** The last step of the address, with an ending; what the file is says its content. */
function nameIn({ url, headers }: WebResponse): string {
  const last = new URL(url).pathname.split('/').at(-1) ?? ''
  let name = last
  try {
    name = decodeURIComponent(last)
  } catch {
    // Not encoded as it should be: it stays as it stands.
  }
  if (/\.[A-Za-z0-9]{1,10}$/.test(name)) return name
  const ending = endings[(headers['content-type']?.split(';')[0] ?? '').trim().toLowerCase()]
  return `${name === '' ? 'file' : name}${ending === undefined ? '' : `.${ending}`}`
}

/** What a picture is by its first bytes; undefined: none of those that models look at. */
function pictureType(bytes: Buffer): string | undefined {
  const start = bytes.toString('latin1', 0, 12)
  return start.startsWith('\x89PNG\r\n\x1a\n') ? 'image/png' : start.startsWith('\xff\xd8\xff') ? 'image/jpeg' : /^GIF8[79]a/.test(start) ? 'image/gif' : /^RIFF[^]{4}WEBP/.test(start) ? 'image/webp' : undefined
}

function isBinary(start: Buffer, charset: string): boolean {
  if (/^utf-?(?:16|32)/i.test(charset) || (start[0] === 0xff && start[1] === 0xfe) || (start[0] === 0xfe && start[1] === 0xff)) return false
  const magic = start.subarray(0, 4).toString('latin1')
  return start.includes(0) || /^(?:GIF8|\x89PNG|PK\x03\x04|\x1f\x8b|\xff\xd8\xff|RIFF|\x7fELF|MZ)/.test(magic)
}
