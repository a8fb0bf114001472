import { Problem } from '@moltbot/contract'
import type { GivenFile } from '../../journey/outbox/types.ts'

/** How a client hands in files to send: one as base64, or several as `data:` addresses. */
export interface FileParams { buffer?: string; filename?: string; contentType?: string; asVoice?: boolean; mediaUrl?: string; mediaUrls?: string[] }

/** The most files of one request. */
const filesMax = 10
/** Endings for what a `data:` address says it is; a name is only a label, what a file is says its content. */
const endings: Readonly<Record<string, string>> = { 'image/png': 'png', 'image/jpeg': 'jpg', 'image/gif': 'gif', 'image/webp': 'webp', 'application/pdf': 'pdf', 'text/plain': 'txt', 'audio/mpeg': 'mp3', 'audio/ogg': 'ogg', 'video/mp4': 'mp4' }

/**
 * The files of a request, in order. `fetchFile`: by the gateway's own way out, for http and https; no other address is looked at. Rejects with a `Problem`,
 * before anything is fetched where one of them cannot be taken.
 */
export async function givenFiles(params: FileParams, fetchFile?: (url: string) => Promise<GivenFile>): Promise<GivenFile[]> {
  const addresses = [...new Set([...(params.mediaUrl === undefined ? [] : [params.mediaUrl]), ...(params.mediaUrls ?? [])])]
  if (addresses.length + (params.buffer === undefined ? 0 : 1) > filesMax) throw refused(`at most ${filesMax} files in one message.`)
  const voice = params.asVoice === true ? { asVoice: true } : {}
  const given = addresses.map((address, index): GivenFile | string => {
    if (fetchFile !== undefined && /^https?:\/\//i.test(address)) return address
    const found = /^data:([a-z0-9.+-]+\/[a-z0-9.+-]+)?(?:;[^,;]{1,100})*;base64,/i.exec(address)
    if (found === null) throw new Problem('media-elsewhere', 'A file is sent from its own bytes, or fetched from an http or https address.', { next: 'Give it as `buffer` (base64) with `filename`, or as a data: address.' })
    const name = index === 0 && params.buffer === undefined ? params.filename : undefined
    return { fileName: name ?? `file-${index + 1}.${endings[found[1]?.toLowerCase() ?? ''] ?? 'bin'}`, bytes: bytesOf(address.slice(found[0].length)), ...voice }
  })
  if (params.buffer !== undefined) given.unshift({ fileName: params.filename ?? `file.${endings[params.contentType ?? ''] ?? 'bin'}`, bytes: bytesOf(params.buffer.replace(/^data:[^,]{0,200};base64,/, '')), ...voice })
  const files: GivenFile[] = []
  for (const [index, each] of given.entries()) {
    if (typeof each !== 'string') files.push(each)
    else {
      const fetched = await fetchFile?.(each)
      if (fetched !== undefined) files.push({ ...fetched, ...(index === 0 && params.buffer === undefined && params.filename !== undefined ? { fileName: params.filename } : {}), ...voice })
    }
  }
  return files
}

function bytesOf(base64: string): Buffer {
  const data = base64.replace(/\s+/g, '')
  // A search for what does not belong: a greedy pattern over megabytes can exhaust the engine's stack.
  const padding = data.indexOf('=')
  if (data === '' || data.length % 4 === 1 || /[^A-Za-z0-9+/=]/.test(data) || (padding >= 0 && (padding < data.length - 2 || !data.endsWith('=')))) throw refused('the file must be base64.')
  return Buffer.from(data, 'base64')
}

function refused(reason: string): Problem {
  return new Problem('media-invalid', reason)
}
