import type { OutgoingFile } from '@moltbot/contract'

/** What a file is. `bare`: what it says about where it was made can be taken out of it, or is not in such files. */
interface FileType { kind: OutgoingFile['kind']; mimeType: string; bare: boolean }

const textTypes: Readonly<Record<string, string>> = { csv: 'text/csv', md: 'text/markdown', html: 'text/html', htm: 'text/html', json: 'application/json', xml: 'application/xml', svg: 'image/svg+xml', ics: 'text/calendar', vcf: 'text/vcard' }
const zipTypes: Readonly<Record<string, string>> = {
  docx: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document', xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  pptx: 'application/vnd.openxmlformats-officedocument.presentationml.presentation', odt: 'application/vnd.oasis.opendocument.text', ods: 'application/vnd.oasis.opendocument.spreadsheet', epub: 'application/epub+zip',
}
/** So much of a file shows whether it is text. */
const textSampleBytes = 64 * 1024

/** By its first bytes; the name only tells one kind of text, or of archive, from another. Never throws. */
export function fileType(bytes: Uint8Array, fileName: string): FileType {
  const at = (offset: number, length: number): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1', offset, offset + length)
  const is = (kind: FileType['kind'], mimeType: string, bare = true): FileType => ({ kind, mimeType, bare })
  const head = at(0, 4)
  if (at(0, 8) === '\x89PNG\r\n\x1a\n') return is('image', 'image/png')
  if (at(0, 3) === '\xff\xd8\xff') return is('image', 'image/jpeg')
  if (/^GIF8[79]a/.test(at(0, 6))) return is('image', 'image/gif')
  if (head === 'RIFF' && at(8, 4) === 'WEBP') return is('image', 'image/webp')
  if (head === 'RIFF' && at(8, 4) === 'WAVE') return is('audio', 'audio/wav')
  if (head === 'II*\0' || head === 'MM\0*') return is('document', 'image/tiff', false)
  if (at(4, 4) === 'ftyp') return mediaContainer(at(8, 4))
  if (head === 'OggS') return at(0, 64).includes('OpusHead') ? is('voice', 'audio/ogg') : at(0, 64).includes('theora') ? is('video', 'video/ogg') : is('audio', 'audio/ogg')
  if (head === 'fLaC') return is('audio', 'audio/flac')
  if (at(0, 3) === 'ID3' || /^\xff[\xfb\xf3\xf2]/.test(head)) return is('audio', 'audio/mpeg')
  if (head === '\x1a\x45\xdf\xa3') return is('video', at(0, 64).includes('webm') ? 'video/webm' : 'video/x-matroska')
  if (at(0, 5) === '%PDF-') return is('document', 'application/pdf')
  const ending = /\.([A-Za-z0-9]{1,8})$/.exec(fileName)?.[1]?.toLowerCase() ?? ''
  if (head === 'PK\x03\x04') return is('document', zipTypes[ending] ?? 'application/zip')
  if (head.startsWith('\x1f\x8b')) return is('document', 'application/gzip')
  return is('document', isText(bytes) ? textTypes[ending] ?? 'text/plain' : 'application/octet-stream')
}

/** The family of containers that begin with `ftyp`. Pictures in it hold where they were taken in a way that is not taken out here. */
function mediaContainer(brand: string): FileType {
  if (/^(?:hei|hev|mif|msf|avi|jxl|crx)/.test(brand)) return { kind: 'document', mimeType: brand.startsWith('avi') ? 'image/avif' : 'image/heic', bare: false }
  if (brand.startsWith('M4A') || brand.startsWith('M4B')) return { kind: 'audio', mimeType: 'audio/mp4', bare: true }
  return { kind: 'video', mimeType: brand.startsWith('qt') ? 'video/quicktime' : 'video/mp4', bare: true }
}

function isText(bytes: Uint8Array): boolean {
  const sample = bytes.subarray(0, textSampleBytes)
  if (sample.includes(0)) return false
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(sample, { stream: sample.length < bytes.length })
    return true
  } catch {
    // Bytes that are not UTF-8 are no text to us.
    return false
  }
}
