/** An Opus stream counts in 48,000 parts of a second, whatever it was recorded with (RFC 7845). */
const perSecond = 48_000
const secondsMax = 6 * 3_600
/** Discord draws this line beside the sound: as we do not decode it, a flat one. */
const flat = Buffer.alloc(64, 96).toString('base64')
const capture = Buffer.from('OggS')

/** How long an Ogg file of one Opus stream plays, and its line; undefined: it is no such file, or does not say. */
export function readVoice(bytes: Uint8Array): { seconds: number; waveform: string } | undefined {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const head = file.subarray(0, 4).equals(capture) ? file.subarray(0, 512).indexOf('OpusHead') : -1
  const last = file.lastIndexOf(capture)
  if (head < 0 || head + 12 > file.length || last < 0 || last + 14 > file.length) return undefined
  const seconds = (Number(file.readBigUInt64LE(last + 6)) - file.readUInt16LE(head + 10)) / perSecond
  return seconds > 0 && seconds <= secondsMax ? { seconds: Math.round(seconds * 100) / 100, waveform: flat } : undefined
}
