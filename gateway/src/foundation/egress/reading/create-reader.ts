import { spawn } from 'node:child_process'
import { Problem, type Clock } from '@moltbot/contract'
import type { DocumentRequest, ReadDocument } from './read-document.ts'

export interface ReaderOptions {
  /** The program that is `reader-process.ts`, and its arguments. */
  command: { file: string; args: readonly string[] }
  clock: Clock
  /** How long one document may take. Default 20 s. */
  timeoutMs?: number
}

export interface Reader {
  /** Reads one document in a process of its own. Rejects with `Problem('web-unreadable')` when it fails, takes too long or too much memory. */
  read(request: DocumentRequest, bytes: Buffer, signal: AbortSignal): Promise<ReadDocument>
}

const outputBytesMax = 8 * 1_048_576
/** Each holds a few hundred MiB at worst. */
const atOnceMax = 2

export function createReader(options: ReaderOptions): Reader {
  let running = 0
  const waiting: (() => void)[] = []
  return {
    async read(request, bytes, signal) {
      while (running >= atOnceMax) await new Promise<void>((resolve) => waiting.push(resolve))
      running += 1
      try {
        if (signal.aborted) throw unreadable('it was called off')
        return await readIn(options, request, bytes, signal)
      } finally {
        running -= 1
        waiting.shift()?.()
      }
    },
  }
}

function readIn({ command, clock, timeoutMs = 20_000 }: ReaderOptions, request: DocumentRequest, bytes: Buffer, signal: AbortSignal): Promise<ReadDocument> {
  return new Promise((resolve, reject) => {
    // Nothing of our environment: what it reads may know how to make a library say it.
    const child = spawn(command.file, [...command.args], { env: {}, stdio: ['pipe', 'pipe', 'ignore'], cwd: '/' })
    const pieces: Buffer[] = []
    let size = 0
    let why: string | undefined
    const kill = (reason: string): void => {
      why ??= reason
      child.kill('SIGKILL')
    }
    const cancel = clock.after(timeoutMs, () => kill('it took too long'))
    const abort = (): void => kill('it was called off')
    signal.addEventListener('abort', abort, { once: true })
    child.stdout.on('data', (piece: Buffer) => {
      size += piece.length
      if (size > outputBytesMax) kill('it became too large')
      else pieces.push(piece)
    })
    // It may end before it has read everything; its exit tells the story.
    child.stdin.on('error', () => undefined)
    child.once('error', (error) => {
      why ??= error.message
      settle()
    })
    child.once('close', settle)
    child.stdin.write(`${JSON.stringify(request)}\n`)
    child.stdin.end(bytes)

    function settle(): void {
      cancel()
      signal.removeEventListener('abort', abort)
      const answer = why === undefined ? parse(Buffer.concat(pieces).toString('utf8')) : { error: why }
      if ('error' in answer) reject(unreadable(answer.error))
      else resolve(answer)
    }
  })
}

function parse(text: string): ReadDocument | { error: string } {
  try {
    const answer = JSON.parse(text) as ReadDocument | { error: string }
    return 'error' in answer || typeof answer.text === 'string' ? answer : { error: 'it gave no text' }
  } catch {
    // Ended early: out of memory, or crashed by what it read.
    return { error: 'it needed too much memory or broke the reader' }
  }
}

function unreadable(why: string): Problem {
  return new Problem('web-unreadable', `The document could not be read: ${why}.`, { next: 'Try another document, or a smaller part of it.' })
}
