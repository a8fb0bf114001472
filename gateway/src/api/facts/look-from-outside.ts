import { request as requestPlain } from 'node:http'
import { request as requestTls } from 'node:https'
import type { DeepFacts } from '@moltbot/contract'

const patienceMs = 3_000
/** A name that is nobody's (RFC 2606). */
const stranger = 'stranger.example'

interface Knock { what: string; method?: string; path: string; headers: Record<string, string> }

/** Each must be refused: what a stranger, a foreign page, a rebound name and a forger would try. */
const knocks: readonly Knock[] = [
  { what: 'GET /v1/models without a secret', path: '/v1/models', headers: {} },
  { what: 'GET /v1/models with a wrong token', path: '/v1/models', headers: { authorization: 'Bearer not-the-token' } },
  { what: 'GET /v1/models with a forged X-Forwarded-For', path: '/v1/models', headers: { 'x-forwarded-for': '127.0.0.1' } },
  { what: 'GET / under a foreign host name', path: '/', headers: { host: stranger } },
  { what: 'WebSocket from a foreign page', path: '/', headers: { origin: `https://${stranger}`, connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13', 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==' } },
]

/** Knocks at the own port as somebody else would. The one wrong token costs one of the attempts the door grants this machine. */
export async function lookFromOutside(port: number, tls: boolean): Promise<DeepFacts> {
  const ready = await knock(port, tls, { what: 'ready', path: '/readyz', headers: {} })
  if (ready.status === null) return { reached: false, reason: ready.reason, refusals: [] }
  const refusals: { what: string; status: number | null }[] = []
  for (const each of knocks) refusals.push({ what: each.what, status: (await knock(port, tls, each)).status })
  return { reached: ready.status === 200, reason: ready.status === 200 ? null : `it answered ${ready.status}`, refusals }
}

function knock(port: number, tls: boolean, { path, headers }: Knock): Promise<{ status: number | null; reason: string }> {
  return new Promise((resolve) => {
    const options = { host: '127.0.0.1', port, path, headers, timeout: patienceMs, agent: false as const }
    // The own certificate is not what is tested here; the connection never leaves the machine.
    const request = tls ? requestTls({ ...options, rejectUnauthorized: false }) : requestPlain(options)
    const end = (status: number | null, reason = ''): void => {
      request.destroy()
      resolve({ status, reason })
    }
    request.on('response', (response) => end(response.statusCode ?? null))
    request.on('upgrade', (response) => end(response.statusCode ?? 101))
    request.on('timeout', () => end(null, `no answer within ${patienceMs / 1_000} s`))
    request.on('error', (error) => end(null, error.message))
    request.end()
  })
}
