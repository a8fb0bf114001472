/**
 * Whoever turns sound into words, as OpenAI's `/v1/audio/transcriptions` does it: a form with the sound and the model's name comes in, JSON
 * goes out. It refuses what the real one refuses, and keeps what it was asked.
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface TranscriptionServer {
  /** Up to `/v1`. */
  baseUrl: string
  /** What every sound says from now on; a number: the HTTP status it fails with; `silence`: nothing is answered. */
  says(answer: string | number | 'silence'): void
  asked: { model: string; language: string | null; prompt: string | null; fileName: string; bytes: Buffer; authorization: string | undefined }[]
  close(): Promise<void>
}

const endings = /\.(?:flac|mp3|mp4|mpeg|mpga|m4a|ogg|wav|webm)$/

export async function startTranscriptionServer(): Promise<TranscriptionServer> {
  let answer: string | number = 'hello there'
  const asked: TranscriptionServer['asked'] = []
  const server = createServer((request, response) => {
    void (async () => {
      const chunks: Buffer[] = []
      for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
      const reply = (status: number, body: unknown): void => void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
      if (request.method !== 'POST' || request.url !== '/v1/audio/transcriptions') return reply(404, { error: { message: 'Not found' } })
      const form = await new Response(Buffer.concat(chunks), { headers: { 'content-type': request.headers['content-type'] ?? '' } }).formData().catch(() => undefined)
      const [file, model] = [form?.get('file'), form?.get('model')]
      if (!(file instanceof File) || typeof model !== 'string' || model === '') return reply(400, { error: { message: 'file and model are required' } })
      if (!endings.test(file.name)) return reply(400, { error: { message: `Unsupported file format ${file.name}` } })
      const text = (name: string): string | null => form?.get(name) as string | null
      asked.push({ model, language: text('language'), prompt: text('prompt'), fileName: file.name, bytes: Buffer.from(await file.arrayBuffer()), authorization: request.headers.authorization })
      if (answer === 'silence') return
      if (typeof answer === 'number') return reply(answer, { error: { message: 'broken' } })
      reply(200, { text: answer })
    })().catch(() => response.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    says: (given) => void (answer = given),
    asked,
    async close() {
      server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}
