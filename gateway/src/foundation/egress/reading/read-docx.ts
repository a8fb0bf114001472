import { inflateRawSync } from 'node:zlib'

const entriesMax = 10_000
/** The words of a thousand pages are a tenth of this. */
const documentBytesMax = 50 * 1_048_576
const wordsFile = 'word/document.xml'
const entities: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

/** The words of a Word document, a paragraph a line, cells of a table with tabs between them. What was deleted or hidden is left out. Stops soon after `charsMax`. */
export function readDocx(bytes: Uint8Array, charsMax: number): string {
  const xml = unpack(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), wordsFile).toString('utf8')
  const pieces: string[] = []
  let size = 0
  let inText = false
  let hidden = false
  const say = (text: string): void => {
    pieces.push(text)
    size += text.length
  }
  for (const [, slash, name, rest = '', text] of xml.matchAll(/<(\/?)([\w:]{1,60})(?![\w:])([^<>]*)>|([^<]+)/g)) {
    if (size > charsMax + 1) break
    if (text !== undefined) {
      if (inText && !hidden) say(text.replaceAll(/&(?:#(\d{1,7})|#x([0-9a-fA-F]{1,6})|(\w{2,4}));/g, (whole, decimal?: string, hex?: string, named?: string) => (named !== undefined ? (entities[named] ?? whole) : signOf(decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number(decimal)))))
      continue
    }
    const opens = slash === '' && !rest.endsWith('/')
    if (name === 'w:t') inText = opens
    else if (name === 'w:r') hidden = false
    else if (name === 'w:vanish' && slash === '') hidden = !/w:val="(?:0|false|off)"/.test(rest)
    else if (slash === '' && name === 'w:tab' && !rest.includes('w:pos')) say('\t')
    else if (slash === '' && (name === 'w:br' || name === 'w:cr')) say('\n')
    else if (slash === '/' && (name === 'w:p' || name === 'w:tr')) say('\n')
    else if (slash === '/' && name === 'w:tc') say('\t')
  }
  // A cell ends with its last paragraph: the tab stands for both.
  return pieces.join('').replaceAll('\n\t', '\t').replaceAll(/\n{3,}/g, '\n\n').trim()
}

function signOf(code: number): string {
  const usable = code > 8 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff)
  return usable ? String.fromCodePoint(code) : ''
}

/** One file of a ZIP, found by the list at its end. Throws when it is not there, too large or packed in another way. */
function unpack(zip: Buffer, wanted: string): Buffer {
  const end = zip.lastIndexOf(Buffer.from([0x50, 0x4b, 5, 6]))
  if (end < 0 || end + 22 > zip.length) throw new Error('it is no complete archive')
  const count = Math.min(zip.readUInt16LE(end + 10), entriesMax)
  let at = zip.readUInt32LE(end + 16)
  for (let entry = 0; entry < count && at + 46 <= zip.length && zip.readUInt32LE(at) === 0x02014b50; entry += 1) {
    const [packed, unpacked] = [zip.readUInt32LE(at + 20), zip.readUInt32LE(at + 24)]
    const nameLength = zip.readUInt16LE(at + 28)
    if (zip.toString('utf8', at + 46, at + 46 + nameLength) !== wanted) {
      at += 46 + nameLength + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32)
      continue
    }
    const local = zip.readUInt32LE(at + 42)
    if (unpacked > documentBytesMax || local + 30 > zip.length) throw new Error('it is too large or damaged')
    const from = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28)
    const data = zip.subarray(from, from + packed)
    switch (zip.readUInt16LE(at + 10)) {
      case 0: return data.subarray(0, documentBytesMax)
      // What the list says of its size is a stranger's word: the limit is ours.
      case 8: return inflateRawSync(data, { maxOutputLength: documentBytesMax })
      default: throw new Error('it is packed in a way that is not read')
    }
  }
  throw new Error('it holds no words')
}
