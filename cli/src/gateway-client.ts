import { WebSocket } from 'ws'
import { Problem } from '@moltbot/contract'
import type { Clock, GatewayClient } from '@moltbot/contract'
import type { DeviceIdentity } from './device-identity.ts'
import { isLoopback } from './gateway-address.ts'
import type { GatewayAddress } from './gateway-address.ts'
import { WrongCertificate, dialFor } from './pinned-dial.ts'
import { asFields, asNumber, asText, asTexts } from './wire-fields.ts'
import type { Fields } from './wire-fields.ts'

export interface ConnectOptions {
  address: GatewayAddress
  version: string
  platform: string
  clock: Clock
  /** Made on demand: only a connection without a token shows a device. */
  device(): Promise<DeviceIdentity>
  /** The command line that starts a gateway, for the sentence when none answers. */
  startCommand: string
  caps?: readonly string[]
  /** From opening the socket to hello. Default 8 s. */
  handshakeTimeoutMs?: number
}

const scopes = ['operator.admin', 'operator.read', 'operator.write', 'operator.approvals', 'operator.pairing'] as const
/** A server of an older generation may say nothing first; after this long we introduce ourselves without a nonce. */
const challengeWaitMs = 2_000
const requestTimeoutMs = 10_000
/** Bytes of one incoming frame we take. */
const frameBytesMax = 32 * 1024 * 1024

/**
 * Opens one connection and introduces this computer as the command line. Tries the tokens in order. Rejects with
 * `gateway-unreachable` (nobody answers there, or something else does) or `gateway-refused` (it does not let us in).
 */
export async function connectGateway(options: ConnectOptions): Promise<GatewayClient> {
  if (options.address.socketPath === undefined) return connectWithTokens(options)
  try {
    return await connectWithTokens(options)
  } catch (error) {
    if (!(error instanceof Problem) || error.code !== 'gateway-unreachable') throw error
    const { socketPath: _left, ...address } = options.address
    return connectWithTokens({ ...options, address })
  }
}

async function connectWithTokens(options: ConnectOptions): Promise<GatewayClient> {
  const tokens = options.address.tokens
  for (const [index, token] of tokens.entries()) {
    try {
      return await openConnection(options, { token, device: undefined })
    } catch (error) {
      const wrongToken = error instanceof Problem && error.code === 'gateway-refused' && /token mismatch/i.test(String(error.details?.['said'] ?? ''))
      if (!wrongToken || index === tokens.length - 1) throw error
    }
  }
  return openConnection(options, { token: undefined, device: undefined })
}

/** What a connection shows: a token, or else a device. */
interface Credential { token: string | undefined; device: DeviceIdentity | undefined }

interface Pending {
  resolve(payload: unknown): void
  reject(error: Problem): void
  /** Set while the first of two answers is awaited. */
  onAccepted?: (payload: unknown) => void
  cancelTimeout(): void
}

function openConnection(options: ConnectOptions, given: Credential): Promise<GatewayClient> {
  const { address, clock } = options
  return new Promise((resolve, reject) => {
    const dial = dialFor(address)
    // By the Unix socket there is no TLS to speak; the host it is asked for is this computer.
    const url = address.socketPath === undefined ? address.url : 'ws://localhost/'
    const socket = new WebSocket(url, {
      maxPayload: frameBytesMax, perMessageDeflate: false, handshakeTimeout: options.handshakeTimeoutMs ?? 8_000, minVersion: 'TLSv1.3',
      ...(dial === undefined ? {} : { createConnection: dial as never }),
    })
    const pending = new Map<string, Pending>()
    const eventListeners = new Set<(event: string, payload: unknown) => void>()
    const lostListeners = new Set<(reason: string) => void>()
    let nextId = 1
    let client: GatewayClient | undefined
    let introduced = false
    let closedByUs = false
    let ended: string | undefined
    let refusal: Problem | undefined

    const cancelDeadline = clock.after(options.handshakeTimeoutMs ?? 8_000, () => fail(unreachable(options, 'it does not finish the handshake')))
    let cancelChallengeWait = (): void => {}

    const fail = (problem: unknown): void => {
      cancelDeadline()
      cancelChallengeWait()
      closedByUs = true
      reject(problem)
      socket.terminate()
    }

    const introduce = (nonce: string | undefined): void => {
      if (introduced) return
      introduced = true
      cancelChallengeWait()
      if (given.token !== undefined) introduceAs(given, nonce)
      // The key pair is made only once a gateway is really there.
      else options.device().then((device) => introduceAs({ token: device.token, device }, nonce), fail)
    }

    const introduceAs = (credential: Credential, nonce: string | undefined): void => {
      const id = String(nextId++)
      pending.set(id, {
        resolve: (payload) => {
          client = welcome(asFields(payload))
          cancelDeadline()
          const auth = asFields(asFields(payload)['auth'])
          const token = asText(auth['deviceToken'])
          if (credential.device === undefined || token === undefined) resolve(client)
          else credential.device.saveToken(token, asTexts(auth['scopes']), clock.now()).then(() => resolve(client as GatewayClient), reject)
        },
        reject: (problem) => {
          refusal = problem
          fail(problem)
        },
        cancelTimeout: () => {},
      })
      socket.send(JSON.stringify({ type: 'req', id, method: 'connect', params: connectParams(options, credential, nonce) }))
    }

    const request = (method: string, params: Fields, timeoutMs: number, onAccepted?: (payload: unknown) => void): Promise<unknown> =>
      new Promise((done, failed) => {
        if (ended !== undefined || socket.readyState !== WebSocket.OPEN) {
          failed(lost(ended ?? 'the connection is closed'))
          return
        }
        const id = String(nextId++)
        const cancelTimeout = timeoutMs === 0 ? () => {} : clock.after(timeoutMs, () => {
          pending.delete(id)
          failed(new Problem('request-timeout', `The gateway did not answer ${method} within ${Math.round(timeoutMs / 1_000)} s.`, { next: 'Look at: moltbot logs' }))
        })
        pending.set(id, { resolve: done, reject: failed, cancelTimeout, ...(onAccepted === undefined ? {} : { onAccepted }) })
        socket.send(JSON.stringify({ type: 'req', id, method, params }))
      })

    const welcome = (hello: Fields): GatewayClient => ({
      url: address.url,
      protocol: asNumber(hello['protocol']) ?? 3,
      serverVersion: asText(asFields(hello['server'])['version']) ?? 'unknown',
      methods: asTexts(asFields(hello['features'])['methods']),
      hello,
      request: (method, params = {}, { timeoutMs = requestTimeoutMs } = {}) => request(method, params, timeoutMs),
      requestFinal: (method, params, { timeoutMs = requestTimeoutMs, onAccepted = () => {} } = {}) => request(method, params, timeoutMs, onAccepted),
      onEvent(listener) {
        eventListeners.add(listener)
        return () => eventListeners.delete(listener)
      },
      onLost(listener) {
        lostListeners.add(listener)
        return () => lostListeners.delete(listener)
      },
      close() {
        closedByUs = true
        for (const [id, call] of pending) {
          call.cancelTimeout()
          pending.delete(id)
          call.reject(lost('we closed the connection'))
        }
        socket.close(1000)
        // A server that never answers the close must not keep the process alive.
        const cancelTerminate = clock.after(500, () => socket.terminate())
        socket.once('close', cancelTerminate)
      },
    })

    const respond = (frame: Fields): void => {
      const id = asText(frame['id']) ?? ''
      const call = pending.get(id)
      if (call === undefined) return
      const payload = frame['payload']
      if (frame['ok'] === true && call.onAccepted !== undefined && asFields(payload)['status'] === 'accepted') {
        const { onAccepted } = call
        delete call.onAccepted
        onAccepted(payload)
        return
      }
      pending.delete(id)
      call.cancelTimeout()
      if (frame['ok'] === true) call.resolve(payload)
      else call.reject(refusalProblem(asFields(frame['error']), client === undefined ? options : undefined))
    }

    socket.on('message', (data, isBinary) => {
      // This protocol is text, which was checked to be that; bytes pass by that check, and whoever sends them is no gateway.
      if (isBinary) return socket.terminate()
      let frame: Fields
      try {
        frame = asFields(JSON.parse(String(data)))
      } catch {
        // Not a frame of this protocol; before hello the deadline will tell, after it one odd frame harms nobody.
        return
      }
      if (frame['type'] === 'res') respond(frame)
      else if (frame['type'] === 'event' && frame['event'] === 'connect.challenge') introduce(asText(asFields(frame['payload'])['nonce']))
      else if (frame['type'] === 'event') for (const listener of eventListeners) listener(asText(frame['event']) ?? '', frame['payload'])
    })
    socket.on('open', () => {
      cancelChallengeWait = clock.after(challengeWaitMs, () => introduce(undefined))
    })
    socket.on('unexpected-response', (_request, response) => fail(unreachable(options, `something else answers there (HTTP ${response.statusCode ?? '?'})`)))
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (client === undefined) fail(error instanceof WrongCertificate ? wrongCertificate(options, error) : unreachable(options, socketWords(error)))
    })
    socket.on('close', (code, reasonBytes) => {
      cancelDeadline()
      cancelChallengeWait()
      const reason = String(reasonBytes) || (code === 1006 ? 'the connection broke' : `closed with ${code}`)
      ended = reason
      if (client === undefined && refusal === undefined) {
        reject(code === 1008 ? refusalProblem({ code: 'INVALID_REQUEST', message: reason }, options) : unreachable(options, reason))
      }
      for (const [id, call] of pending) {
        call.cancelTimeout()
        pending.delete(id)
        call.reject(lost(reason))
      }
      if (!closedByUs && client !== undefined) for (const listener of lostListeners) listener(reason)
    })
  })
}

function connectParams(options: ConnectOptions, credential: Credential, nonce: string | undefined): Fields {
  const signedAt = options.clock.now()
  const { token, device } = credential
  const signed = [nonce === undefined ? 'v1' : 'v2', device?.deviceId, 'cli', 'cli', 'operator', scopes.join(','), signedAt, token ?? '', ...(nonce === undefined ? [] : [nonce])].join('|')
  return {
    minProtocol: 3,
    maxProtocol: 4,
    client: { id: 'cli', version: options.version, platform: options.platform, mode: 'cli' },
    role: 'operator',
    scopes,
    caps: options.caps ?? [],
    ...(token === undefined ? {} : { auth: { token } }),
    ...(device === undefined ? {} : { device: { id: device.deviceId, publicKey: device.publicKey, signature: device.sign(signed), signedAt, ...(nonce === undefined ? {} : { nonce }) } }),
  }
}

function unreachable(options: ConnectOptions, why: string): Problem {
  const local = isLoopback(new URL(options.address.url).hostname)
  return new Problem('gateway-unreachable', `No gateway answers at ${options.address.url}: ${why}.`, {
    next: local ? `Start it with: ${options.startCommand}` : 'Check the address, and that the gateway runs there.',
    details: { url: options.address.url },
  })
}

function wrongCertificate(options: ConnectOptions, error: WrongCertificate): Problem {
  return new Problem('gateway-refused', `The gateway at ${options.address.url} shows another certificate than the one that was pinned; nothing was sent to it.`, {
    next: 'If its certificate was replaced on purpose, compare the new fingerprint with "moltbot gateway tls" on its own computer. If not, somebody may be in between.',
    details: { url: options.address.url, shown: error.shown },
  })
}

function lost(reason: string): Problem {
  return new Problem('gateway-lost', `The connection to the gateway ended: ${reason}.`, { next: 'Look at: moltbot gateway status' })
}

function socketWords(error: NodeJS.ErrnoException): string {
  if (error.code === 'ECONNREFUSED') return 'it is not running'
  if (error.code === 'ENOTFOUND' || error.code === 'EAI_AGAIN') return 'the host name is unknown'
  if (/^(?:DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER_CERT_LOCALLY)$/.test(error.code ?? '')) {
    return 'this computer does not trust its certificate. Take the fingerprint from "moltbot gateway tls" on the gateway\'s computer and pass it with --tls-fingerprint'
  }
  if (error.code === 'EPROTO') return 'it does not speak TLS 1.3 there'
  if (error.code === 'ETIMEDOUT' || /timed out/i.test(error.message)) return 'the host does not respond'
  return error.message
}

/** Turns the gateway's error into words; `connecting` is given while the handshake runs. */
function refusalProblem(error: Fields, connecting: ConnectOptions | undefined): Problem {
  // The gateway names its own methods; a person here has commands of the same names.
  const said = (asText(error['message']) ?? 'The gateway refused.').replace(/([^\s.!?:;,])?(\s?)\bSee (channels|config|models|pairing|sessions)\.(get|list|schema|status)\b/g, (_, last: string | undefined, space: string, group: string, verb: string) => `${last === undefined ? '' : `${last}.`}${space}See: moltbot ${group} ${verb}`)
  const code = asText(error['code']) ?? 'UNAVAILABLE'
  const facts = asFields(error['details'])
  const details = { wireCode: code, said, ...(Object.keys(facts).length === 0 ? {} : { facts }) }
  const ownNext = asText(facts['next'])
  const sentence = /[.!?]$/.test(said) ? said : `${said}.`
  if (connecting !== undefined) return handshakeProblem(code, said, facts, details)
  if (code === 'FORBIDDEN' || /^(missing scope|unauthorized)/.test(said)) {
    return new Problem('gateway-refused', `The gateway does not allow this: ${sentence}`, { next: ownNext ?? 'Use the gateway token, or ask its owner for the permission.', details })
  }
  if (/^unknown method/.test(said)) return new Problem('gateway-too-old', `The gateway does not know this: ${sentence}`, { next: 'Compare versions with: moltbot gateway status', details })
  return new Problem(asText(facts['problem']) ?? code.toLowerCase().replaceAll('_', '-'), capitalise(sentence), { ...(ownNext === undefined ? {} : { next: ownNext }), details })
}

/** Only words get a capital; names of things (`builtin/assistant`, `gateway.port`) stay as they are. */
function capitalise(sentence: string): string {
  return /^[a-z]+[\s,:]/.test(sentence) ? sentence.charAt(0).toUpperCase() + sentence.slice(1) : sentence
}

function handshakeProblem(code: string, said: string, facts: Fields, details: Record<string, unknown>): Problem {
  const refused = (sentence: string, next: string): Problem => new Problem('gateway-refused', sentence, { next, details })
  if (/pairing required/i.test(said)) {
    const request = asText(facts['requestId']) ?? /requestId: ([\w-]+)/.exec(said)?.[1]
    return refused('The gateway does not know this computer yet.', `On the gateway's own computer, run: moltbot devices approve${request === undefined ? '' : ` ${request}`}`)
  }
  if (/protocol mismatch/i.test(said)) return refused(`The gateway speaks another protocol version: ${said}.`, 'Bring gateway and command line to the same version.')
  if (/rate.?limit|too many|locked/i.test(said) || facts['code'] === 'AUTH_RATE_LIMITED') return refused('Too many wrong tokens were tried; the gateway refuses this computer for a while.', 'Wait five minutes, then try again with the right token.')
  if (/token missing|device identity required|password missing/i.test(said)) return refused('The gateway wants a token and none was found.', 'Set MOLTBOT_GATEWAY_TOKEN in ~/.moltbot/secrets.env, or pass --token.')
  if (/mismatch|unauthorized/i.test(said)) return refused('The gateway does not accept the token.', 'Compare it with MOLTBOT_GATEWAY_TOKEN in ~/.moltbot/secrets.env on the gateway, or pass --token.')
  if (code === 'UNAVAILABLE') return new Problem('gateway-unreachable', `The gateway is not ready yet: ${said}.`, { next: 'Try again in a few seconds.', details })
  return refused(`The gateway refused the connection: ${said}.`, 'Look at: moltbot logs, on the gateway.')
}
