import type { Clock } from '@moltbot/contract'
import type { IncomingMessage, ServerResponse } from 'node:http'

/** What an endpoint takes, and how it says no. */
export interface BodyRules {
  type: 'application/json' | 'application/x-www-form-urlencoded'
  bytesMax: number
  clock: Clock
  /** Sends the refusal. The connection ends with it when the rest of the body was not read. */
  refuse(status: 400 | 408 | 413 | 415, reason: string): void
}

/** A body that stops coming is waited for this long; a slow line sends something in that time. */
const idleMs = 10_000

/**
 * Reads the body of a request whole. Undefined: it was refused (other type, encoded, not UTF-8, too large, stalled) and answered, or the
 * client went away. Never holds more than the limit and what came with the chunk that passed it.
 */
export async function takeBody(request: IncomingMessage, response: ServerResponse, rules: BodyRules): Promise<string | undefined> {
  const end = (status: 400 | 408 | 413 | 415, reason: string): undefined => {
    response.setHeader('Connection', 'close')
    rules.refuse(status, reason)
    return undefined
  }
  if (!isType(request.headers['content-type'], rules.type)) return end(415, `The body must be ${rules.type} in UTF-8 (Content-Type).`)
  if ((request.headers['content-encoding'] ?? 'identity').toLowerCase() !== 'identity') return end(415, 'A body may not be compressed (Content-Encoding).')
  const tooLarge = `The body is larger than ${rules.bytesMax} bytes.`
  if (Number(request.headers['content-length'] ?? 0) > rules.bytesMax) return end(413, tooLarge)
  if (request.headers.expect !== undefined) response.writeContinue()
  const read = await readAll(request, rules)
  switch (read) {
    case 'gone': return undefined
    case 'too-large': return end(413, tooLarge)
    case 'stalled': return end(408, 'The body did not arrive in time.')
    default:
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(read)
  } catch {
    return end(400, 'The body is not UTF-8.')
  }
}

function readAll(request: IncomingMessage, { bytesMax, clock }: BodyRules): Promise<Buffer | 'too-large' | 'stalled' | 'gone'> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let size = 0
    let cancel = (): void => undefined
    const done = (result: Buffer | 'too-large' | 'stalled' | 'gone'): void => {
      cancel()
      request.pause()
      request.removeListener('data', take)
      resolve(result)
    }
    const wait = (): void => {
      cancel()
      cancel = clock.after(idleMs, () => done('stalled'))
    }
    const take = (chunk: Buffer): void => {
      size += chunk.length
      if (size > bytesMax) return done('too-large')
      chunks.push(chunk)
      wait()
    }
    wait()
    request.on('data', take)
    request.on('end', () => done(Buffer.concat(chunks)))
    request.on('error', () => done('gone'))
    request.on('close', () => done('gone'))
  })
}

/** The media type itself, with no parameter but `charset=utf-8` (and, for forms, what browsers add to none). */
function isType(header: string | undefined, wanted: BodyRules['type']): boolean {
  const [type = '', ...parameters] = (header ?? '').toLowerCase().split(';').map((part) => part.trim())
  return type === wanted && parameters.every((parameter) => /^charset="?utf-?8"?$/.test(parameter))
}
