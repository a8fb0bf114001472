import { crc32, deflateSync } from 'node:zlib'

const scale = 6
const border = 4
const signature = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10])

/** A QR code as a PNG image in a `data:` address, for clients that show pictures only. */
export async function codeImage(text: string): Promise<string> {
  const { encode } = await import('uqr')
  const { data } = encode(text, { border })
  const side = data.length * scale
  const rowBytes = Math.ceil(side / 8)
  const pixels = Buffer.alloc((rowBytes + 1) * side, 0xff)
  for (let y = 0; y < side; y += 1) {
    pixels[y * (rowBytes + 1)] = 0
    for (let x = 0; x < side; x += 1) {
      const at = y * (rowBytes + 1) + 1 + (x >> 3)
      if (data[Math.floor(y / scale)]?.[Math.floor(x / scale)] === true) pixels[at] = (pixels[at] ?? 0xff) & ~(0x80 >> (x & 7))
    }
  }
  const head = Buffer.alloc(13)
  head.writeUInt32BE(side, 0)
  head.writeUInt32BE(side, 4)
  // One bit a pixel, shades of grey.
  head.set([1, 0, 0, 0, 0], 8)
  const png = Buffer.concat([signature, chunk('IHDR', head), chunk('IDAT', deflateSync(pixels)), chunk('IEND', Buffer.alloc(0))])
  return `data:image/png;base64,${png.toString('base64')}`
}

function chunk(name: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(name, 'latin1'), data])
  const length = Buffer.alloc(4)
  length.writeUInt32BE(data.length)
  const sum = Buffer.alloc(4)
  sum.writeUInt32BE(crc32(body))
  return Buffer.concat([length, body, sum])
}
