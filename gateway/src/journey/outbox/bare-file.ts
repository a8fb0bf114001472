/**
 * Takes out of a picture or film what it says about where, when and with what it was made. The pictures themselves are not decoded:
 * their containers are gone through once, byte for byte, and only what is needed to show them is kept.
 */

/** Undefined: it is no well-formed file of this type, so that nobody can say what is in it. */
export function bareFile(mimeType: string, bytes: Uint8Array): Uint8Array | undefined {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  switch (mimeType) {
    case 'image/jpeg': return bareJpeg(file)
    case 'image/png': return barePng(file)
    case 'image/webp': return bareWebp(file)
    case 'image/gif': return bareGif(file)
    case 'video/mp4':
    case 'video/quicktime':
    case 'audio/mp4': return bareContainer(file)
    default: return bytes
  }
}

/** Markers without a length of their own. */
const isAlone = (marker: number): boolean => marker === 0x01 || (marker >= 0xd0 && marker <= 0xd7)

function bareJpeg(file: Buffer): Buffer | undefined {
  const kept: Buffer[] = [file.subarray(0, 2)]
  let turned: number | undefined
  let at = 2
  for (;;) {
    while (file[at] === 0xff && file[at + 1] === 0xff) at += 1
    const marker = file[at + 1]
    if (file[at] !== 0xff || marker === undefined || marker === 0) return undefined
    // Whatever stands behind the end of the picture (another one, a film, notes of a camera) is not part of it.
    if (marker === 0xd9) {
      kept.push(file.subarray(at, at + 2))
      break
    }
    if (isAlone(marker)) {
      kept.push(file.subarray(at, at + 2))
      at += 2
      continue
    }
    if (at + 4 > file.length) return undefined
    const length = file.readUInt16BE(at + 2)
    const end = at + 2 + length
    if (length < 2 || end > file.length) return undefined
    const segment = file.subarray(at, end)
    // JFIF, colour profile and Adobe's transform are needed to show it; of Exif only how the picture is turned.
    const isNote = marker === 0xfe || (marker >= 0xe0 && marker <= 0xef)
    if (!isNote || marker === 0xe0 || (marker === 0xe2 && segment.toString('latin1', 4, 15) === 'ICC_PROFILE') || marker === 0xee) kept.push(segment)
    else if (marker === 0xe1 && segment.toString('latin1', 4, 8) === 'Exif') turned ??= orientationOf(segment.subarray(10))
    at = end
    if (marker === 0xda) {
      const data = endOfScan(file, at)
      if (data === undefined) return undefined
      kept.push(file.subarray(at, data))
      at = data
    }
  }
  if (turned !== undefined && turned > 1 && turned <= 8) kept.splice(1, 0, orientationSegment(turned))
  return Buffer.concat(kept)
}

/** Where the next marker after compressed data is. */
function endOfScan(file: Buffer, from: number): number | undefined {
  for (let at = file.indexOf(0xff, from); at >= 0; at = file.indexOf(0xff, at + 1)) {
    const next = file[at + 1]
    if (next === undefined) return undefined
    if (next !== 0 && next !== 0xff && !isAlone(next)) return at
  }
  return undefined
}

function orientationOf(tiff: Buffer): number | undefined {
  const little = tiff.toString('latin1', 0, 2) === 'II'
  const word = (at: number): number => (at + 2 > tiff.length ? 0 : little ? tiff.readUInt16LE(at) : tiff.readUInt16BE(at))
  if (tiff.length < 8) return undefined
  const first = little ? tiff.readUInt32LE(4) : tiff.readUInt32BE(4)
  const count = Math.min(word(first), 200)
  for (let entry = 0; entry < count; entry += 1) if (word(first + 2 + entry * 12) === 0x0112) return word(first + 2 + entry * 12 + 8)
  return undefined
}

/** An Exif segment that says how the picture is turned, and nothing else. */
function orientationSegment(turned: number): Buffer {
  const tiff = Buffer.from('49492a0008000000010012010300010000000000000000000000', 'hex')
  tiff.writeUInt16LE(turned, 18)
  const head = Buffer.from('ffe10000457869660000', 'hex')
  head.writeUInt16BE(2 + 6 + tiff.length, 2)
  return Buffer.concat([head, tiff])
}

/** What is needed to show a PNG, moving ones included. */
const pngKept = new Set(['IHDR', 'PLTE', 'IDAT', 'IEND', 'tRNS', 'cHRM', 'gAMA', 'iCCP', 'sBIT', 'sRGB', 'cICP', 'bKGD', 'hIST', 'pHYs', 'sPLT', 'acTL', 'fcTL', 'fdAT'])

function barePng(file: Buffer): Buffer | undefined {
  const kept: Buffer[] = [file.subarray(0, 8)]
  for (let at = 8; at + 12 <= file.length; ) {
    const end = at + 12 + file.readUInt32BE(at)
    const type = file.toString('latin1', at + 4, at + 8)
    if (end > file.length) return undefined
    if (pngKept.has(type)) kept.push(file.subarray(at, end))
    if (type === 'IEND') return Buffer.concat(kept)
    at = end
  }
  return undefined
}

const webpKept = new Set(['VP8 ', 'VP8L', 'VP8X', 'ALPH', 'ANIM', 'ANMF', 'ICCP'])

function bareWebp(file: Buffer): Buffer | undefined {
  const kept: Buffer[] = []
  const whole = Math.min(file.length, 8 + file.readUInt32LE(4))
  for (let at = 12; at + 8 <= whole; ) {
    const size = file.readUInt32LE(at + 4)
    const end = at + 8 + size + (size % 2)
    if (at + 8 + size > whole) return undefined
    const type = file.toString('latin1', at, at + 4)
    if (webpKept.has(type)) {
      const chunk = Buffer.from(file.subarray(at, Math.min(end, file.length)))
      // The flags that promise Exif and XMP.
      if (type === 'VP8X' && chunk.length > 8) chunk.writeUInt8((chunk[8] ?? 0) & ~0x0c, 8)
      kept.push(chunk)
    }
    at = end
  }
  if (kept.length === 0) return undefined
  const body = Buffer.concat(kept)
  const head = Buffer.from('RIFF\0\0\0\0WEBP', 'latin1')
  head.writeUInt32LE(body.length + 4, 4)
  return Buffer.concat([head, body])
}

function bareGif(file: Buffer): Buffer | undefined {
  const paletteOf = (flags: number): number => ((flags & 0x80) === 0 ? 0 : 3 * 2 ** ((flags & 7) + 1))
  let at = 13 + paletteOf(file[10] ?? 0)
  if (at > file.length) return undefined
  const kept: Buffer[] = [file.subarray(0, at)]
  const endOfBlocks = (from: number): number | undefined => {
    let here = from
    for (let size = file[here]; size !== undefined; size = file[here]) {
      here += 1 + size
      if (size === 0) return here
    }
    return undefined
  }
  for (;;) {
    const begin = at
    const introducer = file[at]
    if (introducer === 0x3b) return Buffer.concat([...kept, Buffer.from([0x3b])])
    if (introducer === 0x21) {
      const end = endOfBlocks(at + 2)
      if (end === undefined) return undefined
      const label = file[at + 1]
      const isLoop = label === 0xff && ['NETSCAPE2.0', 'ANIMEXTS1.0'].includes(file.toString('latin1', at + 3, at + 14))
      // How long a picture stands and how often it repeats; comments and other applications' notes are left out.
      if (label === 0xf9 || isLoop) kept.push(file.subarray(begin, end))
      at = end
    } else if (introducer === 0x2c) {
      const end = endOfBlocks(at + 10 + paletteOf(file[at + 9] ?? 0) + 1)
      if (end === undefined) return undefined
      kept.push(file.subarray(begin, end))
      at = end
    } else return undefined
  }
}

/** Boxes that hold other boxes among which notes may stand. */
const boxesWithBoxes = new Set(['moov', 'trak', 'mdia', 'minf', 'moof', 'traf'])
/** Boxes of notes: who, where, with what. */
const boxesOfNotes = new Set(['udta', 'meta', 'uuid', 'XMP_'])

/** Notes become empty space of the same size, so that nothing else in the file moves. */
function bareContainer(file: Buffer): Buffer | undefined {
  const bare = Buffer.from(file)
  const walk = (from: number, to: number, depth: number): boolean => {
    for (let at = from; at + 8 <= to; ) {
      let size = bare.readUInt32BE(at)
      let head = 8
      if (size === 1) {
        if (at + 16 > to) return false
        const large = bare.readBigUInt64BE(at + 8)
        if (large > BigInt(to - at)) return false
        size = Number(large)
        head = 16
      }
      if (size === 0) size = to - at
      if (size < head || at + size > to) return false
      const type = bare.toString('latin1', at + 4, at + 8)
      if (boxesOfNotes.has(type)) {
        bare.write('free', at + 4, 'latin1')
        bare.fill(0, at + head, at + size)
      } else if (boxesWithBoxes.has(type) && depth < 8 && !walk(at + head, at + size, depth + 1)) return false
      at += size
    }
    return true
  }
  return walk(0, bare.length, 0) ? bare : undefined
}
