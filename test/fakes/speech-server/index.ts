/**
 * Whoever speaks a text, as OpenAI's `/v1/audio/speech` and ElevenLabs' `/v1/text-to-speech/<voice>` do it: words come in as JSON, sound goes out in the
 * format that was asked for. It refuses what the real ones refuse, and keeps what it was asked.
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface SpeechServer {
  /** Up to `/v1`, as OpenAI's. */
  baseUrl: string
  /** The root, as ElevenLabs'. */
  origin: string
  /** How the next requests end: with a sound, with this HTTP status, with words in place of a sound, or never. */
  behaves(how: 'speaks' | 'chats' | 'hangs' | number): void
  asked: { text: string; voice: string; model: string; format: string; key: string | undefined }[]
  close(): Promise<void>
}

const sounds: Readonly<Record<string, Buffer>> = {
  opus: Buffer.concat([Buffer.from('OggS\0\x02', 'latin1'), Buffer.alloc(22), Buffer.from('OpusHead\x01\x01', 'latin1'), Buffer.from('the sound of these words')]),
  mp3: Buffer.from('ID3\x04\0\0\0\0\0\0the sound of these words', 'latin1'),
}

export async function startSpeechServer(): Promise<SpeechServer> {
  let behaviour: Parameters<SpeechServer['behaves']>[0] = 'speaks'
  const asked: SpeechServer['asked'] = []
  const server = createServer((request, response) => {
    void (async () => {
      const chunks: Buffer[] = []
      for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
      const refuse = (status: number, message: string): void => void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ error: { message } }))
      const url = new URL(request.url ?? '/', 'http://here')
      const body = JSON.parse(Buffer.concat(chunks).toString('utf8')) as Record<string, unknown>
      const eleven = /^\/v1\/text-to-speech\/([A-Za-z0-9_-]+)$/.exec(url.pathname)
      if (request.method !== 'POST' || (eleven === null && url.pathname !== '/v1/audio/speech')) return refuse(404, 'Not found')
      const [text, model, format] = eleven === null ? [body['input'], body['model'], body['response_format']] : [body['text'], body['model_id'], url.searchParams.get('output_format')?.split('_')[0]]
      if (typeof text !== 'string' || text === '' || text.length > 4_096 || typeof model !== 'string') return refuse(400, 'the text is missing or too long')
      const sound = sounds[String(format)]
      if (sound === undefined) return refuse(400, 'no such format')
      asked.push({ text, model, format: String(format), voice: eleven?.[1] ?? String(body['voice']), key: (eleven === null ? request.headers.authorization : request.headers['xi-api-key']) as string | undefined })
      if (behaviour === 'hangs') return
      if (typeof behaviour === 'number') return refuse(behaviour, 'broken')
      if (behaviour === 'chats') return void response.writeHead(200, { 'content-type': 'text/html' }).end('<html>I would love to help</html>')
      response.writeHead(200, { 'content-type': 'audio/ogg' }).end(sound)
    })().catch(() => response.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    origin, baseUrl: `${origin}/v1`, asked,
    behaves: (how) => void (behaviour = how),
    async close() {
      server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}
