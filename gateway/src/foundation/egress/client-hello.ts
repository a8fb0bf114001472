/** The name a TLS client asks for: what it is, that there is none, that more bytes are needed, or that this is no TLS at all. */
export type Hello = { kind: 'name'; name: string } | { kind: 'no-name' } | { kind: 'more' } | { kind: 'not-tls' }

const helloBytesMax = 65_536

/** Reads the first bytes a TLS client sends. */
export function readClientHello(bytes: Buffer): Hello {
  const parts: Buffer[] = []
  let at = 0
  let have = 0
  let need = 4
  while (have < need) {
    if (bytes.length < at + 5) return isPrefix(bytes, at) ? { kind: 'more' } : { kind: 'not-tls' }
    if (bytes[at] !== 22 || bytes[at + 1] !== 3) return { kind: 'not-tls' }
    const length = bytes.readUInt16BE(at + 3)
    if (length === 0 || length > 16_640) return { kind: 'not-tls' }
    const piece = bytes.subarray(at + 5, at + 5 + length)
    parts.push(piece)
    have += piece.length
    const start = parts.length === 1 || have >= 4 ? Buffer.concat(parts) : undefined
    if (start !== undefined && start.length >= 4) {
      if (start[0] !== 1) return { kind: 'not-tls' }
      need = 4 + start.readUIntBE(1, 3)
      if (need > helloBytesMax) return { kind: 'not-tls' }
    }
    if (piece.length < length) return have >= need ? readBody(Buffer.concat(parts).subarray(4, need)) : { kind: 'more' }
    at += 5 + length
  }
  return readBody(Buffer.concat(parts).subarray(4, need))
}

function isPrefix(bytes: Buffer, at: number): boolean {
  return (bytes.length <= at || bytes[at] === 22) && (bytes.length <= at + 1 || bytes[at + 1] === 3)
}

function readBody(body: Buffer): Hello {
  try {
    let at = 34
    at += 1 + body.readUInt8(at)
    at += 2 + body.readUInt16BE(at)
    at += 1 + body.readUInt8(at)
    if (at >= body.length) return { kind: 'no-name' }
    const end = Math.min(body.length, at + 2 + body.readUInt16BE(at))
    at += 2
    const names: string[] = []
    while (at + 4 <= end) {
      const type = body.readUInt16BE(at)
      const length = body.readUInt16BE(at + 2)
      if (type === 0) names.push(...readNames(body.subarray(at + 4, at + 4 + length)))
      at += 4 + length
    }
    const [name] = names
    if (names.length > 1) return { kind: 'not-tls' }
    return name === undefined ? { kind: 'no-name' } : { kind: 'name', name: name.toLowerCase().replace(/\.$/, '') }
  } catch {
    // Lengths that point outside: nobody honest sends that.
    return { kind: 'not-tls' }
  }
}

function readNames(list: Buffer): string[] {
  const names: string[] = []
  let at = 2
  while (at + 3 <= list.length) {
    const length = list.readUInt16BE(at + 1)
    names.push(list.subarray(at + 3, at + 3 + length).toString('latin1'))
    at += 3 + length
  }
  return names
}
