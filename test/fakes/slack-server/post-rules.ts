import type { IncomingMessage as HttpRequest } from 'node:http'

type Json = Record<string, unknown>

/** A file as Slack keeps and shows it. */
export interface SharedFile { id: string; name: string; type: string; bytes: Buffer; as: 'image' | 'audio' | 'video' | 'document' }

const types: Record<string, string> = { png: 'image/png', jpg: 'image/jpeg', gif: 'image/gif', mp3: 'audio/mpeg', ogg: 'audio/ogg', mp4: 'video/mp4', pdf: 'application/pdf', txt: 'text/plain' }
const no = (error: string): Json => ({ ok: false, error })

export interface FakeUploads {
  begin(form: Json): Json
  take(path: string, request: HttpRequest): Promise<{ status: number; text: string }>
  /** The file that was handed over, or why there is none. */
  complete(form: Json): SharedFile | string
  shared(id: string, channel: string, ts: string): void
  info(id: string): Json
  /** Whether the message of that file can be seen yet. */
  isShown(id: string): boolean
  showAfter(questions: number): void
}

/** Slack's way of taking files: an address for the bytes, the bytes, and then the wish to show them. */
export function createUploads(root: () => string, nextId: () => string): FakeUploads {
  const begun = new Map<string, { id: string; name: string; length: number; bytes: Buffer | undefined; asked: number; shares: { channel: string; ts: string }[] }>()
  let hiddenFor = 1
  return {
    begin(form) {
      const length = Number(form['length'])
      const name = String(form['filename'] ?? '')
      if (name === '' || !Number.isSafeInteger(length) || length < 1) return no('invalid_arguments')
      const id = nextId()
      begun.set(id, { id, name, length, bytes: undefined, asked: 0, shares: [] })
      return { ok: true, upload_url: `${root()}/upload/v1/${id}`, file_id: id }
    },
    async take(path, request) {
      const chunks: Buffer[] = []
      for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
      const bytes = Buffer.concat(chunks)
      const upload = begun.get(path.split('/').at(-1) ?? '')
      if (upload === undefined || request.method !== 'POST' || bytes.length !== upload.length) return { status: 400, text: 'bad upload' }
      upload.bytes = bytes
      return { status: 200, text: `OK - ${bytes.length}` }
    },
    complete(form) {
      const files = JSON.parse(String(form['files'] ?? '[]')) as { id?: string }[]
      const upload = begun.get(files[0]?.id ?? '')
      if (files.length !== 1 || upload?.bytes === undefined || upload.shares.length > 0) return 'file_not_found'
      const type = types[upload.name.split('.').at(-1) ?? ''] ?? 'application/octet-stream'
      const [kind] = type.split('/')
      return { id: upload.id, name: upload.name, type, bytes: upload.bytes, as: kind === 'image' || kind === 'audio' || kind === 'video' ? kind : 'document' }
    },
    shared: (id, channel, ts) => void begun.get(id)?.shares.push({ channel, ts }),
    info(id) {
      const upload = begun.get(id)
      if (upload === undefined) return no('file_not_found')
      upload.asked += 1
      const shown = upload.asked > hiddenFor ? upload.shares : []
      const under = (kind: 'private' | 'public'): Json => Object.fromEntries(shown.filter(({ channel }) => (channel.startsWith('C') ? 'public' : 'private') === kind).map(({ channel, ts }) => [channel, [{ ts }]]))
      return { ok: true, file: { id, name: upload.name, shares: { private: under('private'), public: under('public') } } }
    },
    isShown: (id) => (begun.get(id)?.asked ?? hiddenFor + 1) > hiddenFor,
    showAfter: (questions) => void (hiddenFor = questions),
  }
}

/** Whether Slack would take these blocks. */
export function judgeBlocks(blocks: readonly Json[]): boolean {
  return blocks.length <= 50 && blocks.every((block) => {
    if (block['type'] === 'section') {
      const text = (block['text'] as Json | undefined)?.['text']
      return typeof text === 'string' && text.length >= 1 && text.length <= 3_000
    }
    const elements = block['elements']
    if (block['type'] !== 'actions' || !Array.isArray(elements) || elements.length < 1 || elements.length > 25) return false
    const actions = new Set(elements.map((element: Json) => element['action_id']))
    return actions.size === elements.length && elements.every((element: Json) => {
      const label = (element['text'] as Json | undefined)?.['text']
      return element['type'] === 'button' && typeof label === 'string' && label.length >= 1 && label.length <= 75 && String(element['value'] ?? '').length <= 2_000
    })
  })
}

/** What can be pressed in these blocks. */
export function buttonsOf(blocks: readonly Json[]): { label: string; value: string; action: string }[] {
  return blocks.filter((block) => block['type'] === 'actions').flatMap((block) =>
    (block['elements'] as { text: { text: string }; value: string; action_id: string }[]).map(({ text, value, action_id: action }) => ({ label: text.text, value, action })))
}
