import type { Readable, Writable } from 'node:stream'

/** The browser's protocol over its two pipes, as playwright-core takes it. */
export interface PipeTransport {
  send(message: object): void
  close(): void
  onmessage?: (message: object) => void
  onclose?: (reason?: string) => void
}

/** The most that one message may hold: a picture of a long page, in base64. A browser that says more is no longer listened to. */
const messageBytesMax = 256 * 1_048_576

/**
 * Messages are JSON, each ended by a zero byte. `end` is called when nobody needs the browser any more or it talks nonsense. However many
 * come at once, each is told in a turn of its own, once all that waited for the one before it has run: playwright begins to listen to a new
 * page when it has its answer, and a page whose next words it missed would answer nothing for ever.
 */
export function pipeTransport(pipes: { toProgram: Writable; fromProgram: Readable }, end: () => void): PipeTransport {
  let pieces: Buffer[] = []
  let bytes = 0
  let isOver = false
  const transport: PipeTransport = {
    send(message) {
      if (!isOver) pipes.toProgram.write(`${JSON.stringify(message)}\0`)
    },
    close: () => over('closed'),
  }
  function over(reason: string): void {
    if (isOver) return
    isOver = true
    end()
    transport.onclose?.(reason)
  }
  function inTurn(tell: () => void): void {
    setImmediate(() => {
      if (!isOver) tell()
    })
  }
  function hear(text: string): void {
    let message: unknown
    try {
      message = JSON.parse(text)
    } catch {
      // Nobody but a broken or taken-over browser says what is no JSON.
      return over('the browser said something unreadable')
    }
    if (typeof message === 'object' && message !== null) transport.onmessage?.(message)
  }
  pipes.fromProgram.on('data', (piece: Buffer) => {
    for (let rest = piece; !isOver && rest.length > 0;) {
      const at = rest.indexOf(0)
      const part = at < 0 ? rest : rest.subarray(0, at)
      pieces.push(part)
      bytes += part.length
      if (bytes > messageBytesMax) return over('the browser said too much at once')
      if (at < 0) return
      const text = Buffer.concat(pieces).toString('utf8')
      pieces = []
      bytes = 0
      inTurn(() => hear(text))
      rest = rest.subarray(at + 1)
    }
  })
  pipes.fromProgram.on('close', () => inTurn(() => over('the browser ended')))
  for (const pipe of [pipes.toProgram, pipes.fromProgram]) {
    pipe.on('error', () => {
      // It ended: the end of the pipe tells.
    })
  }
  return transport
}
