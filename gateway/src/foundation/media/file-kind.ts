/** What a file is, by its content. What the network or its name say only chooses between kinds of text. */
export type FileKind =
  | { kind: 'image'; mimeType: 'image/png' | 'image/jpeg' | 'image/gif' | 'image/webp' }
  /** `extension`: as transcribers know it. */
  | { kind: 'sound'; mimeType: string; extension: string }
  | { kind: 'document'; format: 'pdf' | 'docx' | 'html' | 'json' | 'text'; charset: string }

const sounds: readonly (readonly [at: number, magic: string, mimeType: string, extension: string])[] = [
  [0, 'OggS', 'audio/ogg', 'ogg'], [0, 'ID3', 'audio/mpeg', 'mp3'], [0, 'fLaC', 'audio/flac', 'flac'], [0, '\x1aE\xdf\xa3', 'audio/webm', 'webm'], [4, 'ftyp', 'audio/mp4', 'm4a'],
  [0, '#!AMR', 'audio/amr', 'amr'], [0, 'caff', 'audio/x-caf', 'caf'],
]

/** Undefined: none that is read here. `claims`: as the network calls it. */
export function fileKind(bytes: Uint8Array, claims: { name?: string; mimeType?: string; sound: boolean }): FileKind | undefined {
  const start = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, 4_096))
  const latin = start.toString('latin1')
  if (latin.startsWith('\x89PNG\r\n\x1a\n')) return { kind: 'image', mimeType: 'image/png' }
  if (latin.startsWith('\xff\xd8\xff')) return { kind: 'image', mimeType: 'image/jpeg' }
  if (/^GIF8[79]a/.test(latin)) return { kind: 'image', mimeType: 'image/gif' }
  if (latin.startsWith('RIFF') && latin.slice(8, 12) === 'WEBP') return { kind: 'image', mimeType: 'image/webp' }
  if (latin.startsWith('RIFF') && latin.slice(8, 12) === 'WAVE') return { kind: 'sound', mimeType: 'audio/wav', extension: 'wav' }
  if (latin.startsWith('%PDF-')) return { kind: 'document', format: 'pdf', charset: '' }
  // A film begins like some sounds do: only what was sent as sound is listened to.
  if (claims.sound) {
    const sound = sounds.find(([at, magic]) => latin.startsWith(magic, at))
    if (sound !== undefined) return { kind: 'sound', mimeType: sound[2], extension: sound[3] }
    // Frames of MP3 and AAC begin with eleven ones, and no name.
    if (start[0] === 0xff && ((start[1] ?? 0) & 0xe0) === 0xe0) return ((start[1] ?? 0) & 0x06) === 0 ? { kind: 'sound', mimeType: 'audio/aac', extension: 'aac' } : { kind: 'sound', mimeType: 'audio/mpeg', extension: 'mp3' }
    return undefined
  }
  const name = (claims.name ?? '').toLowerCase()
  if (latin.startsWith('PK\x03\x04')) return /\.docx$/.test(name) || /wordprocessingml/.test(claims.mimeType ?? '') ? { kind: 'document', format: 'docx', charset: '' } : undefined
  return textKind(bytes, start, name, claims.mimeType ?? '')
}

function textKind(bytes: Uint8Array, start: Buffer, name: string, mimeType: string): FileKind | undefined {
  const charset = start[0] === 0xff && start[1] === 0xfe ? 'utf-16le' : start[0] === 0xfe && start[1] === 0xff ? 'utf-16be' : isUtf8(bytes) ? 'utf-8' : 'windows-1252'
  if (!charset.startsWith('utf-16') && /[\0-\x08\x0e-\x1a\x1c-\x1f]/.test(start.toString('latin1'))) return undefined
  // Bytes of no known encoding are text only where somebody says so.
  if (charset === 'windows-1252' && !/^text\//.test(mimeType) && !/\.(?:txt|md|csv|tsv|log|html?|json|xml|ya?ml|ini)$/.test(name)) return undefined
  const html = /^(?:text\/html|application\/xhtml\+xml)/.test(mimeType) || /\.x?html?$/.test(name) || /^\s*<(?:!doctype html|html)\b/i.test(start.toString('latin1'))
  const json = /[/+]json\b/.test(mimeType) || /\.json$/.test(name)
  return { kind: 'document', format: html ? 'html' : json ? 'json' : 'text', charset }
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    return true
  } catch {
    // Some other encoding, or no text at all.
    return false
  }
}
