/** The process that reads one document: a line of JSON and the bytes come in, a line of JSON goes out, and it ends. */
import { readDocument, type DocumentRequest } from './read-document.ts'

const pieces: Buffer[] = []
for await (const piece of process.stdin as AsyncIterable<Buffer>) pieces.push(piece)
const input = Buffer.concat(pieces)
const end = input.indexOf(10)
try {
  const request = JSON.parse(input.subarray(0, end).toString('utf8')) as DocumentRequest
  process.stdout.write(JSON.stringify(await readDocument(request, new Uint8Array(input.subarray(end + 1)))))
} catch (error) {
  process.stdout.write(JSON.stringify({ error: error instanceof Error ? error.message.slice(0, 300) : 'it failed' }))
}
