import { Curve, DEFAULT_CONNECTION_CONFIG, encodeBigEndian, encodeWAMessage, generateSignalPubKey, initAuthCreds, proto, unpadRandomMax16, type BinaryNode, type SignalDataSet, type SignalDataTypeMap, type SignalKeyStoreWithTransaction } from 'baileys'

const silent = { level: 'silent', child: () => silent, trace: () => {}, debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

/** The public half of a device, as the server hands it out to whoever wants to write to it. */
export interface Bundle { registrationId: number; identity: Uint8Array; signedPreKey: { id: number; key: Uint8Array; signature: Uint8Array } }

/** Somebody with a telephone: keys of their own, kept by nobody else. */
export class Telephone {
  readonly number: string
  readonly lid: string
  readonly #creds = initAuthCreds()
  readonly #repository: ReturnType<typeof DEFAULT_CONNECTION_CONFIG.makeSignalRepository>
  readonly #met = new Set<string>()
  readonly #told = new Set<string>()

  readonly #values = new Map<string, unknown>()
  #turn: Promise<unknown> = Promise.resolve()

  constructor(number: string, lid: string) {
    this.number = number
    this.lid = lid
    const values = this.#values
    // One thing after the other (`#turn`): nothing has to be undone together.
    const keys: SignalKeyStoreWithTransaction = {
      async get<T extends keyof SignalDataTypeMap>(type: T, ids: string[]) {
        return Object.fromEntries(ids.flatMap((id) => (values.has(`${type}/${id}`) ? [[id, values.get(`${type}/${id}`)]] : []))) as Record<string, SignalDataTypeMap[T]>
      },
      async set(data: SignalDataSet) {
        for (const [type, entries] of Object.entries(data)) {
          for (const [id, value] of Object.entries(entries ?? {})) {
            if (value === null) values.delete(`${type}/${id}`)
            else values.set(`${type}/${id}`, value)
          }
        }
      },
      transaction: (work) => work(),
      isInTransaction: () => false,
    }
    this.#repository = DEFAULT_CONNECTION_CONFIG.makeSignalRepository({ creds: this.#creds, keys }, silent as never, async () => [])
  }

  get address(): string {
    return `${this.number}@s.whatsapp.net`
  }

  get registrationId(): number {
    return this.#creds.registrationId
  }

  get hidden(): string {
    return `${this.lid}@lid`
  }

  /** What the server tells of this telephone to whoever begins a conversation. */
  bundleNode(jid: string): BinaryNode {
    const { registrationId, signedIdentityKey, signedPreKey } = this.#creds
    return {
      tag: 'user', attrs: { jid },
      content: [
        { tag: 'registration', attrs: {}, content: encodeBigEndian(registrationId) },
        { tag: 'type', attrs: {}, content: Buffer.from([5]) },
        { tag: 'identity', attrs: {}, content: signedIdentityKey.public },
        { tag: 'skey', attrs: {}, content: [
          { tag: 'id', attrs: {}, content: encodeBigEndian(signedPreKey.keyId, 3) }, { tag: 'value', attrs: {}, content: signedPreKey.keyPair.public }, { tag: 'signature', attrs: {}, content: signedPreKey.signature },
        ] },
      ],
    }
  }

  /** One thing after the other: keys are not lost in the middle of one. */
  #inTurn<T>(task: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(task)
    this.#turn = mine.catch(() => undefined)
    return mine
  }

  /** Encrypts for a device; the first time with its bundle. */
  seal(device: string, bundle: Bundle, message: proto.IMessage): Promise<BinaryNode> {
    return this.#inTurn(() => this.#seal(device, bundle, message))
  }

  async #seal(device: string, bundle: Bundle, message: proto.IMessage): Promise<BinaryNode> {
    if (!this.#met.has(device)) {
      this.#met.add(device)
      await this.#repository.injectE2ESession({ jid: device, session: {
        registrationId: bundle.registrationId, identityKey: generateSignalPubKey(bundle.identity),
        signedPreKey: { keyId: bundle.signedPreKey.id, publicKey: generateSignalPubKey(bundle.signedPreKey.key), signature: bundle.signedPreKey.signature },
      } as never })
    }
    const { type, ciphertext } = await this.#repository.encryptMessage({ jid: device, data: encodeWAMessage(message) })
    return { tag: 'enc', attrs: { v: '2', type }, content: ciphertext }
  }

  /** Encrypts for a group; whoever does not know this telephone's key for it yet gets it along. */
  sealForGroup(group: string, device: string, bundle: Bundle, message: proto.IMessage, as: string): Promise<BinaryNode[]> {
    return this.#inTurn(async () => {
      const { ciphertext, senderKeyDistributionMessage } = await this.#repository.encryptGroupMessage({ group, meId: as, data: encodeWAMessage(message) })
      const nodes: BinaryNode[] = [{ tag: 'enc', attrs: { v: '2', type: 'skmsg' }, content: ciphertext }]
      if (!this.#told.has(group)) {
        this.#told.add(group)
        nodes.unshift(await this.#seal(device, bundle, { senderKeyDistributionMessage: { groupId: group, axolotlSenderKeyDistributionMessage: senderKeyDistributionMessage } }))
      }
      return nodes
    })
  }

  /** A device could not open what this telephone sealed for it: the next message begins a new conversation of keys. */
  beginAnew(device: string): void {
    this.#met.delete(device)
    this.#told.clear()
  }

  /** Every conversation of keys is lost, as with a telephone that was set up anew from a copy. */
  forget(): void {
    void this.#inTurn(async () => {
      for (const name of [...this.#values.keys()]) if (name.startsWith('session/')) this.#values.delete(name)
      this.#met.clear()
    })
  }

  open(device: string, type: string, ciphertext: Uint8Array): Promise<proto.Message> {
    return this.#inTurn(async () => {
      const plain = await this.#repository.decryptMessage({ jid: device, type: type as 'msg', ciphertext })
      this.#met.add(device)
      return this.#decoded(device, plain)
    })
  }

  openFromGroup(group: string, device: string, ciphertext: Uint8Array): Promise<proto.Message> {
    return this.#inTurn(async () => this.#decoded(device, await this.#repository.decryptGroupMessage({ group, authorJid: device, msg: ciphertext })))
  }

  async #decoded(device: string, plain: Uint8Array): Promise<proto.Message> {
    const message = proto.Message.decode(unpadRandomMax16(plain))
    if (message.senderKeyDistributionMessage) await this.#repository.processSenderKeyDistributionMessage({ authorJid: device, item: message.senderKeyDistributionMessage })
    return message
  }

  /** What a telephone says when it takes a device in: signed with the account's key, sealed with the secret it scanned. */
  admit(deviceIdentity: Uint8Array): { details: Uint8Array } {
    const details = proto.ADVDeviceIdentity.encode({ rawId: 1, timestamp: 1, keyIndex: 1, deviceType: proto.ADVEncryptionType.E2EE }).finish()
    const accountSignature = Curve.sign(this.#creds.signedIdentityKey.private, Buffer.concat([Buffer.from([6, 0]), details, deviceIdentity]))
    return { details: proto.ADVSignedDeviceIdentity.encode({ details, accountSignatureKey: this.#creds.signedIdentityKey.public, accountSignature }).finish() }
  }
}
