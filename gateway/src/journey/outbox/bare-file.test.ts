import { describe, expect, it } from 'vitest'
import { bareFile } from './bare-file.ts'
import { fileType } from './file-type.ts'

const place = 'GPS 48.2082N 16.3738E'
const segment = (marker: number, body: Buffer): Buffer => {
  const head = Buffer.from([0xff, marker, 0, 0])
  head.writeUInt16BE(body.length + 2, 2)
  return Buffer.concat([head, body])
}
const exif = (turned: number): Buffer => Buffer.concat([Buffer.from('Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0', 'latin1'), Buffer.from([turned, 0, 0, 0, 0, 0, 0]), Buffer.from(place)])
const scan = Buffer.concat([segment(0xda, Buffer.from([1, 1, 0, 0, 63, 0])), Buffer.from([1, 0xff, 0, 2, 0xff, 0xd0, 3])])
const jpeg = (...between: Buffer[]): Buffer => Buffer.concat([Buffer.from([0xff, 0xd8]), segment(0xe0, Buffer.from('JFIF\0\x01\x01\0\0\x01\0\x01\0\0', 'latin1')), ...between, segment(0xdb, Buffer.alloc(65, 1)), scan, Buffer.from([0xff, 0xd9])])
const chunk = (type: string, body: Buffer): Buffer => {
  const head = Buffer.alloc(8)
  head.writeUInt32BE(body.length, 0)
  head.write(type, 4, 'latin1')
  return Buffer.concat([head, body, Buffer.alloc(4)])
}
const png = (...between: Buffer[]): Buffer => Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), chunk('IHDR', Buffer.alloc(13)), ...between, chunk('IDAT', Buffer.from('pixels')), chunk('IEND', Buffer.alloc(0))])
const box = (type: string, body: Buffer): Buffer => {
  const head = Buffer.alloc(8)
  head.writeUInt32BE(body.length + 8, 0)
  head.write(type, 4, 'latin1')
  return Buffer.concat([head, body])
}
const riff = (...chunks: [string, Buffer][]): Buffer => {
  const body = Buffer.concat(chunks.map(([type, data]) => {
    const head = Buffer.alloc(8)
    head.write(type, 0, 'latin1')
    head.writeUInt32LE(data.length, 4)
    return Buffer.concat([head, data, Buffer.alloc(data.length % 2)])
  }))
  const head = Buffer.from('RIFF\0\0\0\0WEBP', 'latin1')
  head.writeUInt32LE(body.length + 4, 4)
  return Buffer.concat([head, body])
}
const bare = (mimeType: string, bytes: Buffer): Buffer => Buffer.from(bareFile(mimeType, bytes) ?? 'not bare')

describe('MED-09: where a file was made is gone when it goes out', () => {
  it('from a JPEG, that stays turned as it was, and keeps its colours', () => {
    const profile = segment(0xe2, Buffer.from('ICC_PROFILE\0 colours', 'latin1'))
    const out = bare('image/jpeg', jpeg(segment(0xe1, exif(6)), segment(0xe1, Buffer.from(`http://ns.adobe.com/xap/1.0/\0${place}`)), profile, segment(0xfe, Buffer.from(place)), segment(0xed, Buffer.from(place))))
    expect(out.includes('GPS')).toBe(false)
    expect(out.includes('ICC_PROFILE')).toBe(true)
    expect(out.includes(scan)).toBe(true)
    // Read again, it is bare already: how it is turned was found in what was written.
    expect(bare('image/jpeg', out).equals(out)).toBe(true)
    expect(out.subarray(2, 4).equals(Buffer.from([0xff, 0xe1]))).toBe(true)
    expect(out.readUInt16LE(2 + 4 + 6 + 18)).toBe(6)
  })

  it('from what stands behind a JPEG', () => {
    expect(bare('image/jpeg', Buffer.concat([jpeg(), Buffer.from(place)])).equals(jpeg())).toBe(true)
  })

  it('from a PNG, a WebP and a GIF', () => {
    expect(bare('image/png', Buffer.concat([png(chunk('eXIf', Buffer.from(place)), chunk('tEXt', Buffer.from(place)), chunk('tIME', Buffer.alloc(7))), Buffer.from(place)])).equals(png())).toBe(true)
    const webp = bare('image/webp', riff(['VP8X', Buffer.from([0x0c, 0, 0, 0, 0, 0, 0, 0, 0, 0])], ['VP8 ', Buffer.from('pixel')], ['EXIF', Buffer.from(place)], ['XMP ', Buffer.from(place)]))
    expect(webp.equals(riff(['VP8X', Buffer.alloc(10)], ['VP8 ', Buffer.from('pixel')]))).toBe(true)
    const head = Buffer.concat([Buffer.from('GIF89a\x01\0\x01\0\x80\0\0', 'latin1'), Buffer.alloc(6)])
    const picture = Buffer.from([0x2c, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x44, 1, 0])
    const comment = Buffer.concat([Buffer.from([0x21, 0xfe, place.length]), Buffer.from(place), Buffer.from([0])])
    expect(bare('image/gif', Buffer.concat([head, comment, picture, Buffer.from([0x3b]), Buffer.from(place)])).equals(Buffer.concat([head, picture, Buffer.from([0x3b])]))).toBe(true)
  })

  it('from a film, in which nothing else moves', () => {
    const film = (notes: string): Buffer => Buffer.concat([box('ftyp', Buffer.from('isom\0\0\0\0')), box('moov', Buffer.concat([box('mvhd', Buffer.alloc(100, 1)), box('udta', Buffer.from(notes)), box('trak', box('meta', Buffer.from(notes)))])), box('mdat', Buffer.from('frames'))])
    const out = bare('video/mp4', film(place))
    expect(out.includes('GPS')).toBe(false)
    expect(out.length).toBe(film(place).length)
    expect(out.indexOf('frames')).toBe(film(place).indexOf('frames'))
  })

  it('and what is broken is known as such, and no loop for ever', () => {
    for (const [type, whole] of [['image/jpeg', jpeg(segment(0xe1, exif(1)))], ['image/png', png()], ['image/gif', Buffer.concat([Buffer.from('GIF89a\x01\0\x01\0\0\0\0', 'latin1'), Buffer.from([0x3b])])], ['video/mp4', box('moov', box('udta', Buffer.alloc(40)))]] as const) {
      for (let length = 0; length < whole.length - 1; length += 1) {
        const out = bareFile(type, whole.subarray(0, length))
        // Cut between two boxes, a container is whole as far as it goes.
        if (type !== 'video/mp4') expect(out, `${type} cut to ${length}`).toBeUndefined()
      }
      expect(bareFile(type, whole)).toBeDefined()
    }
  })
})

describe('MED-01: what a file is, is said by its content', () => {
  it.each([
    ['holiday.pdf', png(), 'image', 'image/png'], ['x.png', Buffer.from('<script>alert(1)</script>'), 'document', 'text/plain'], ['a.svg', Buffer.from('<svg/>'), 'document', 'image/svg+xml'],
    ['a.csv', Buffer.from('a,b\n'), 'document', 'text/csv'], ['r.pdf', Buffer.from('%PDF-1.7\n'), 'document', 'application/pdf'], ['n.ogg', Buffer.from(`OggS${'\0'.repeat(24)}OpusHead`), 'voice', 'audio/ogg'],
    ['m.mp3', Buffer.from('ID3\x04'), 'audio', 'audio/mpeg'], ['b.txt', Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0]), 'document', 'application/octet-stream'], ['t.docx', Buffer.from('PK\x03\x04'), 'document', 'application/vnd.openxmlformats-officedocument.wordprocessingml.document'],
  ] as const)('%s', (name, bytes, kind, mimeType) => {
    expect(fileType(bytes, name)).toMatchObject({ kind, mimeType, bare: true })
  })

  it('a picture whose notes can not be taken out is known as such', () => {
    for (const head of ['\0\0\0\x18ftypheic', '\0\0\0\x18ftypmif1', '\0\0\0\x18ftypavif', 'II*\0', 'MM\0*']) expect(fileType(Buffer.from(head, 'latin1'), 'a.jpg').bare).toBe(false)
  })
})
