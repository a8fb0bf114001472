import { fields, list, words } from './wire.ts'

/** An image as it is sent: base64 without a data-URL prefix. */
export interface OwnImage {
  mimeType: string
  data: string
  fileName: string
}

/** A file that goes with words. `voice`: what the person said, recorded here. */
export interface OwnFile extends OwnImage { kind: 'image' | 'document' | 'audio' | 'voice' }

/** A message of the person's that the gateway has not confirmed yet. */
export interface Unsent {
  /** The idempotency key, made once and used for every attempt. */
  key: string
  sessionKey: string
  text: string
  images: OwnImage[]
  /** What goes along besides pictures. */
  files?: OwnFile[]
  /** Epoch ms. */
  at: number
}

export interface UnsentBox {
  all(): Unsent[]
  put(message: Unsent): void
  remove(key: string): void
}

const place = 'moltbot.unsent.v1'
const kinds = ['document', 'audio', 'voice'] as const

function readUnsent(value: unknown): Unsent[] {
  return list(value).flatMap((entry) => {
    const raw = fields(entry)
    const key = words(raw['key'])
    const sessionKey = words(raw['sessionKey'])
    if (key === undefined || sessionKey === undefined || typeof raw['text'] !== 'string') return []
    const images = list(raw['images']).flatMap((image) => {
      const parts = fields(image)
      const data = words(parts['data'])
      return data === undefined ? [] : [{ data, mimeType: words(parts['mimeType']) ?? 'image/png', fileName: words(parts['fileName']) ?? 'image' }]
    })
    const files = list(raw['files']).flatMap((file) => {
      const parts = fields(file)
      const [data, mimeType, fileName] = [words(parts['data']), words(parts['mimeType']), words(parts['fileName'])]
      const kind = kinds.find((known) => known === parts['kind'])
      return data === undefined || mimeType === undefined || fileName === undefined || kind === undefined ? [] : [{ kind, data, mimeType, fileName }]
    })
    return [{ key, sessionKey, text: raw['text'], images, ...(files.length === 0 ? {} : { files }), at: typeof raw['at'] === 'number' ? raw['at'] : 0 }]
  })
}

/**
 * Keeps unconfirmed messages over a reload of the tab. Memory is the truth; the tab's storage is its copy, written at
 * every change. When the storage is full (large files) or forbidden, messages survive a lost connection but not a reload.
 */
export function createUnsentBox(storage: Pick<Storage, 'getItem' | 'setItem'> | undefined): UnsentBox {
  let messages: Unsent[] = []
  try {
    messages = readUnsent(JSON.parse(storage?.getItem(place) ?? '[]'))
  } catch {
    // A copy that can't be read is worth nothing; start empty.
  }
  function save(): void {
    try {
      storage?.setItem(place, JSON.stringify(messages))
    } catch {
      // The tab's storage is full: keep at least the words.
      try {
        storage?.setItem(place, JSON.stringify(messages.map(({ files: _files, ...message }) => ({ ...message, images: [] }))))
      } catch {
        // Storage is forbidden altogether; memory still holds everything.
      }
    }
  }
  return {
    all: () => [...messages],
    put(message) {
      messages = [...messages.filter((known) => known.key !== message.key), message]
      save()
    },
    remove(key) {
      messages = messages.filter((known) => known.key !== key)
      save()
    },
  }
}
