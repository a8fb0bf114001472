import { createCipheriv, createDecipheriv, createHash } from 'node:crypto'
import { Curve, NOISE_MODE, NOISE_WA_HEADER, WA_CERT_DETAILS, decodeBinaryNode, encodeBinaryNode, hkdf, proto, type BinaryNode } from 'baileys'

/** The one root of trust of every server in this process: the library is told to trust it in place of WhatsApp's while one of them runs. */
const root = Curve.generateKeyPair()
/** Its public half, for a gateway in another process. */
export const ourRoot = Buffer.from(root.public)
const whatsappsRoot = WA_CERT_DETAILS.PUBLIC_KEY
let users = 0

export function trustOurRoot(): () => void {
  users += 1
  WA_CERT_DETAILS.PUBLIC_KEY = Buffer.from(root.public)
  let released = false
  return () => {
    if (released) return
    released = true
    users -= 1
    if (users === 0) WA_CERT_DETAILS.PUBLIC_KEY = whatsappsRoot
  }
}

const serverStatic = Curve.generateKeyPair()
const intermediate = Curve.generateKeyPair()
const certificate = ((): Uint8Array => {
  const details = proto.CertChain.NoiseCertificate.Details.encode({ serial: 1, issuerSerial: WA_CERT_DETAILS.SERIAL, key: intermediate.public }).finish()
  const leaf = proto.CertChain.NoiseCertificate.Details.encode({ serial: 2, issuerSerial: 1, key: serverStatic.public }).finish()
  return proto.CertChain.encode({
    intermediate: { details, signature: Curve.sign(root.private, details) }, leaf: { details: leaf, signature: Curve.sign(intermediate.private, leaf) },
  }).finish()
})()

/** WhatsApp's side of one line: a Noise XX handshake, then encrypted binary nodes. Feed it what arrives; it tells what it means. */
export interface NoiseResponder {
  feed(bytes: Buffer): Promise<void>
  send(node: BinaryNode): void
}

export function createNoiseResponder(line: { write(bytes: Buffer): void; onClient(payload: proto.ClientPayload): void; onNode(node: BinaryNode): Promise<void> | void }): NoiseResponder {
  const ephemeral = Curve.generateKeyPair()
  let hash: Buffer = Buffer.from(NOISE_MODE)
  let salt: Buffer = hash
  let key: Buffer = hash
  let counter = 0
  let transport: { read: Buffer; write: Buffer; readCounter: number; writeCounter: number } | undefined
  let introduced = false
  let phase: 'hello' | 'finish' | 'open' = 'hello'
  let pending = Buffer.alloc(0)

  const iv = (count: number): Buffer => {
    const bytes = Buffer.alloc(12)
    bytes.writeUInt32BE(count, 8)
    return bytes
  }
  const seal = (plain: Uint8Array, with_: Buffer, count: number, data: Buffer): Buffer => {
    const cipher = createCipheriv('aes-256-gcm', with_, iv(count)).setAAD(data)
    return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()])
  }
  const unseal = (sealed: Uint8Array, with_: Buffer, count: number, data: Buffer): Buffer => {
    const bytes = Buffer.from(sealed)
    const decipher = createDecipheriv('aes-256-gcm', with_, iv(count)).setAAD(data)
    decipher.setAuthTag(bytes.subarray(-16))
    return Buffer.concat([decipher.update(bytes.subarray(0, -16)), decipher.final()])
  }
  const authenticate = (data: Uint8Array): void => {
    hash = createHash('sha256').update(hash).update(data).digest()
  }
  const derive = (data: Uint8Array): [Buffer, Buffer] => {
    const bytes = Buffer.from(hkdf(Buffer.from(data), 64, { salt, info: '' }))
    return [bytes.subarray(0, 32), bytes.subarray(32)]
  }
  const mix = (data: Uint8Array): void => {
    ;[salt, key] = derive(data)
    counter = 0
  }
  const encrypt = (plain: Uint8Array): Buffer => {
    const sealed = seal(plain, key, counter++, hash)
    authenticate(sealed)
    return sealed
  }
  const decrypt = (sealed: Uint8Array): Buffer => {
    const plain = unseal(sealed, key, counter++, hash)
    authenticate(sealed)
    return plain
  }
  const frame = (bytes: Uint8Array): void => {
    const head = Buffer.alloc(3)
    head.writeUIntBE(bytes.length, 0, 3)
    line.write(Buffer.concat([head, bytes]))
  }

  async function take(bytes: Buffer): Promise<void> {
    if (phase === 'hello') {
      const client = proto.HandshakeMessage.decode(bytes).clientHello?.ephemeral
      if (client === undefined || client === null) throw new Error('no hello')
      authenticate(NOISE_WA_HEADER)
      authenticate(client)
      authenticate(ephemeral.public)
      mix(Curve.sharedKey(ephemeral.private, client))
      const sealedStatic = encrypt(serverStatic.public)
      mix(Curve.sharedKey(serverStatic.private, client))
      const payload = encrypt(certificate)
      phase = 'finish'
      return frame(proto.HandshakeMessage.encode({ serverHello: { ephemeral: ephemeral.public, static: sealedStatic, payload } }).finish())
    }
    if (phase === 'finish') {
      const finish = proto.HandshakeMessage.decode(bytes).clientFinish
      const clientStatic = decrypt(finish?.static ?? new Uint8Array())
      mix(Curve.sharedKey(ephemeral.private, clientStatic))
      const payload = proto.ClientPayload.decode(decrypt(finish?.payload ?? new Uint8Array()))
      const [read, write] = derive(new Uint8Array(0))
      transport = { read, write, readCounter: 0, writeCounter: 0 }
      phase = 'open'
      return line.onClient(payload)
    }
    if (transport === undefined) return
    await line.onNode(await decodeBinaryNode(unseal(bytes, transport.read, transport.readCounter++, Buffer.alloc(0))))
  }

  return {
    async feed(bytes) {
      pending = Buffer.concat([pending, bytes])
      if (!introduced) {
        if (pending.length < NOISE_WA_HEADER.length) return
        if (!pending.subarray(0, 4).equals(Buffer.from(NOISE_WA_HEADER))) throw new Error('not a client of WhatsApp')
        pending = pending.subarray(4)
        introduced = true
      }
      while (pending.length >= 3) {
        const size = pending.readUIntBE(0, 3)
        if (pending.length < 3 + size) return
        const one = pending.subarray(3, 3 + size)
        pending = pending.subarray(3 + size)
        await take(Buffer.from(one))
      }
    },
    send(node) {
      if (transport === undefined) throw new Error('the handshake is not over')
      frame(seal(encodeBinaryNode(node), transport.write, transport.writeCounter++, Buffer.alloc(0)))
    },
  }
}
