import { createHash } from 'node:crypto'
import { describeError, type Attachment, type Charge, type Clock, type ConfigView, type IncomingMessage, type Logger, type Principal, type Reading } from '@moltbot/contract'
import { mediaSection, type MediaConfig } from './config.ts'
import { fileKind, type FileKind } from './file-kind.ts'
import { filmProgram, lookAtFilm } from './look-at-film.ts'
import { knownTranscribers, transcribe, type TranscribeNeeds } from './transcribe.ts'
import { untilAborted } from './until-aborted.ts'

/** Words of all documents of one message together, in characters. */
const messageCharsMax = 60_000

/** Voice notes that were heard and wait to be read. */
const heardBeforeMax = 32

export interface MediaNeeds extends TranscribeNeeds {
  /** Text of a document, in a process of its own with limits. Rejects when it cannot be read. */
  read(request: { kind: 'html' | 'text' | 'json' | 'pdf' | 'docx'; charset: string; charsMax: number }, bytes: Buffer, signal: AbortSignal): Promise<{ text: string; truncated: boolean }>
  /** Whether a program of this name can be run on this machine, isolated. */
  has(program: string): boolean
  /** Takes out what must not be kept, such as credentials. */
  hide(text: string): string
  /** The providers whose models answer in this gateway. */
  providers(): readonly string[]
}

export interface Media {
  /**
   * The message with what its files say, and with each file called what it is by content. What cannot be read stays named; never rejects.
   * Undefined: it has no files, there is nothing to do.
   */
  read(message: IncomingMessage, principal: Principal, charge: Charge): Promise<IncomingMessage> | undefined
  /** Whether a message that addresses nobody holds a voice note of its sender's that would be heard. Spends nothing. */
  mayListen(message: IncomingMessage, principal: Principal): boolean
  /** The message with what is said in its voice note; it is not heard a second time by `read`. Never rejects. */
  listen(message: IncomingMessage, principal: Principal, charge: Charge): Promise<IncomingMessage>
  /** Whether films are looked into here now. */
  looksAtFilms(): boolean
  /** Gives up what is being read. */
  close(): void
}

export function createMedia(options: { config: ConfigView; clock: Clock; log: Logger; needs: MediaNeeds }): Media {
  const { clock, log, needs } = options
  const controller = new AbortController()
  const waiting: (() => void)[] = []
  let running = 0
  const settings = (): MediaConfig => options.config.get(mediaSection)

  /** A place among those who read; `timeoutMs` counts from when it is there. */
  async function inTurn<T>(timeoutMs: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    while (running >= settings().concurrency) await new Promise<void>((resolve) => waiting.push(resolve))
    running += 1
    const mine = new AbortController()
    const cancel = clock.after(timeoutMs, () => mine.abort())
    try {
      return await work(AbortSignal.any([mine.signal, controller.signal]))
    } finally {
      cancel()
      running -= 1
      waiting.shift()?.()
    }
  }

  async function readDocument({ format, charset }: Extract<FileKind, { kind: 'document' }>, bytes: Buffer): Promise<Reading | undefined> {
    const { enabled, maxBytes, maxChars } = settings().document
    if (!enabled || bytes.length > maxBytes) return undefined
    const { text, truncated } = await inTurn(30_000, (signal) => needs.read({ kind: format, charset, charsMax: maxChars }, bytes, signal))
    return text.trim() === '' ? undefined : { kind: 'document', text: needs.hide(text), truncated }
  }

  function isWanted(message: IncomingMessage, principal: Principal): boolean {
    const { enabled, guests, scope } = settings().audio
    if (!enabled || (principal.role === 'guest' && !guests)) return false
    const rule = scope.rules.find(({ match }) => (match.channel ?? message.chat.channel) === message.chat.channel && (match.chatType ?? message.chat.kind) === message.chat.kind)
    return (rule?.action ?? scope.default) === 'allow'
  }

  /** What was heard before a message was taken in, until it is read. */
  const heardBefore = new Map<string, Reading>()

  async function listen(sound: Extract<FileKind, { kind: 'sound' }>, bytes: Buffer, charge: Charge): Promise<Reading | undefined> {
    const name = createHash('sha256').update(bytes).digest('base64')
    const before = heardBefore.get(name)
    heardBefore.delete(name)
    return before ?? hear(sound, bytes, charge)
  }

  const waysNow = (): MediaConfig['audio']['models'] => {
    const { models } = settings().audio
    return models.length > 0 ? models : knownTranscribers.filter((provider) => needs.providers().includes(provider)).map((provider) => ({ provider }))
  }

  async function hear(sound: Extract<FileKind, { kind: 'sound' }>, bytes: Buffer, charge: Charge): Promise<Reading | undefined> {
    const { maxBytes, maxChars, timeoutSeconds, language, prompt } = settings().audio
    if (bytes.length > maxBytes) return undefined
    for (const by of waysNow()) {
      try {
        const wishes = { timeoutMs: timeoutSeconds * 1_000, ...(language === undefined ? {} : { language }), ...(prompt === undefined ? {} : { prompt }) }
        const text = await inTurn(wishes.timeoutMs, (signal) => untilAborted(transcribe(by, { bytes, mimeType: sound.mimeType, extension: sound.extension }, wishes, charge, needs, signal), signal))
        if (text === '') return undefined
        const whole = needs.hide(text)
        return { kind: 'transcript', text: whole.slice(0, maxChars).replace(/[\ud800-\udbff]$/, ''), truncated: whole.length > maxChars }
      } catch (error) {
        log.warn('A sound could not be turned into words.', { by: by.provider ?? ('command' in by ? by.command : undefined) ?? 'a server', error: describeError(error) })
      }
    }
    return undefined
  }

  /** Only the first film of a message: each takes the machine a while. */
  async function readFilm(film: Attachment, bytes: Buffer, hears: boolean, charge: Charge): Promise<Attachment[]> {
    const { pictures: most, sound: wanted, timeoutSeconds } = settings().video
    const { data: _bytes, ...named } = film
    try {
      const { pictures, sound } = await inTurn(timeoutSeconds * 1_000, (signal) => untilAborted(lookAtFilm(bytes, { pictures: most, sound: wanted && hears }, needs.run, signal), signal))
      const reading = sound === undefined ? undefined : await hear({ kind: 'sound', mimeType: 'audio/wav', extension: 'wav' }, sound, charge)
      const shown = pictures.map((picture) => ({ kind: 'image' as const, mimeType: 'image/jpeg', sizeBytes: picture.length, data: picture.toString('base64') }))
      return [{ ...named, ...(reading === undefined ? {} : { reading }), ...(shown.length === 0 ? {} : { pictures: shown.length }) }, ...shown]
    } catch (error) {
      log.info('A film could not be looked into.', { error: describeError(error) })
      return [named]
    }
  }

  const looksAtFilms = (): boolean => settings().video.enabled && needs.has(filmProgram)

  async function readAll(message: IncomingMessage, principal: Principal, charge: Charge): Promise<IncomingMessage> {
    const { mode, maxAttachments } = settings().audio.attachments
    let sounds = isWanted(message, principal) ? (mode === 'first' ? 1 : maxAttachments) : 0
    let chars = messageCharsMax
    const attachments: Attachment[] = []
    let films = looksAtFilms() && (principal.role !== 'guest' || settings().video.guests) ? 1 : 0
    for (const { reading: _untrusted, pictures: _claimed, ...attachment } of message.attachments) {
      const bytes = attachment.data === undefined ? undefined : Buffer.from(attachment.data, 'base64')
      const isSound = attachment.kind === 'voice' || attachment.kind === 'audio'
      const found = bytes === undefined ? undefined : fileKind(bytes, { ...(attachment.fileName === undefined ? {} : { name: attachment.fileName }), ...(attachment.mimeType === undefined ? {} : { mimeType: attachment.mimeType }), sound: isSound || attachment.mimeType?.startsWith('audio/') === true })
      // Whatever it calls itself: a model only ever looks at what is a picture by content.
      const { data: _bytes, ...named } = attachment
      if (attachment.kind === 'video' && bytes !== undefined && films > 0 && bytes.length <= settings().video.maxBytes) {
        films -= 1
        const hears = sounds > 0
        if (hears) sounds -= 1
        attachments.push(...await readFilm(attachment, bytes, hears, charge))
      } else if (attachment.kind === 'video') attachments.push(named)
      else if (bytes === undefined || found === undefined) attachments.push(named)
      else if (found.kind === 'image') attachments.push({ ...attachment, kind: 'image', mimeType: found.mimeType })
      else {
        const hears = found.kind === 'sound' && sounds > 0
        if (hears) sounds -= 1
        const reading = await (found.kind === 'document' ? (chars > 0 ? readDocument(found, bytes) : undefined) : hears ? listen(found, bytes, charge) : undefined)?.catch((error: unknown) => {
          log.info('A file could not be read.', { kind: attachment.kind, error: describeError(error) })
          return undefined
        })
        const room = Math.max(0, chars)
        chars -= reading?.text.length ?? 0
        attachments.push(reading === undefined ? named : { ...named, reading: reading.text.length <= room ? reading : { ...reading, text: reading.text.slice(0, room).replace(/[\ud800-\udbff]$/, ''), truncated: true } })
      }
    }
    return { ...message, attachments }
  }

  return {
    read: (message, principal, charge) => (message.attachments.length === 0 ? undefined : readAll(message, principal, charge).catch((error: unknown) => {
      log.error('What came with a message could not be read.', { error: describeError(error) })
      return message
    })),
    looksAtFilms,
    mayListen: (message, principal) => settings().audio.mentions && isWanted(message, principal) && waysNow().length > 0 && noteOf(message) !== undefined,
    async listen(message, principal, charge) {
      const note = noteOf(message)
      const bytes = Buffer.from(note?.data ?? '', 'base64')
      const found = note === undefined || !isWanted(message, principal) ? undefined : fileKind(bytes, { sound: true })
      const reading = found?.kind !== 'sound' ? undefined : await hear(found, bytes, charge)
      if (reading === undefined) return message
      heardBefore.set(createHash('sha256').update(bytes).digest('base64'), reading)
      if (heardBefore.size > heardBeforeMax) heardBefore.delete([...heardBefore.keys()][0] ?? '')
      return { ...message, attachments: message.attachments.map((each) => (each === note ? { ...each, reading } : each)) }
    },
    close: () => controller.abort(),
  }
}

/** The first voice note of a message whose words are its sender's own. */
function noteOf({ attachments, origin }: IncomingMessage): Attachment | undefined {
  return origin === undefined ? attachments.find(({ kind, data }) => kind === 'voice' && data !== undefined) : undefined
}
