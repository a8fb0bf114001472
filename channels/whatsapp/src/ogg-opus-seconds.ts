const samplesPerSecond = 48_000
/** A page's head, up to where its length begins. */
const pageHead = 27

/** How long Opus in an Ogg file plays, in whole seconds, at least one. Undefined: it is no such file. */
export function oggOpusSeconds(bytes: Uint8Array): number | undefined {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  if (file.subarray(0, 4).toString('latin1') !== 'OggS') return undefined
  const head = file.subarray(0, 300).indexOf('OpusHead', 0, 'latin1')
  const last = file.lastIndexOf('OggS', undefined, 'latin1')
  if (head < 0 || head + 12 > file.length || last + pageHead > file.length) return undefined
  // The last page says how many samples there are up to its end; the first few of them are not played.
  const samples = Number(file.readBigInt64LE(last + 6)) - file.readUInt16LE(head + 10)
  return samples > 0 && Number.isSafeInteger(samples) ? Math.max(1, Math.round(samples / samplesPerSecond)) : undefined
}
