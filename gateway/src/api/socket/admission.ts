import { Problem, ownerPrincipal } from '@moltbot/contract'
import type { Clock, Scope } from '@moltbot/contract'
import type { AttemptLimit } from '../attempt-limit.ts'
import type { BrowserSession } from '../browser-sessions.ts'
import type { GatewayConfig } from '../config.ts'
import type { CredentialSource, Credentials } from '../credentials.ts'
import type { DeviceStore } from '../devices.ts'
import { checkDevice, type DeviceFault } from '../device-signature.ts'
import { describeParamErrors } from '../param-errors.ts'
import { coversAll, knownScopes, operatorScopes } from '../scopes.ts'
import type { Source } from '../source.ts'
import type { WireError } from '../wire-error.ts'
import { connectParams, type ConnectParams } from './connect-params.ts'

/** Who was let in, and on what ground; the ground decides what a rotation or revocation takes away again. */
export interface Admitted {
  kind: 'admitted'
  params: ConnectParams
  protocol: 3 | 4
  role: 'operator' | 'node'
  /** What it may do. */
  scopes: Scope[]
  /** As told to the client: also scopes of other generations, which open nothing here. */
  scopesTold: string[]
  ground: { kind: 'shared'; version: number } | { kind: 'cookie'; digest: string; provedAt: number } | { kind: 'device'; bound: boolean }
  device: string | null
  deviceToken: { token: string; issuedAtMs: number } | undefined
  authMode: 'token' | 'password'
}

export interface Refused { kind: 'refused'; error: WireError; close: { code: number; reason: string }; guess: boolean }

export interface Envelope {
  source: Extract<Source, { kind: 'known' }>
  nonce: string
  /** The cookie the upgrade came with, where it counted. */
  cookie: BrowserSession | undefined
}

export interface AdmissionRooms {
  clock: Clock
  credentials: CredentialSource
  devices: DeviceStore
  attempts: AttemptLimit
  config: () => GatewayConfig
}

const deviceCodes: Record<DeviceFault, string> = {
  'device identity mismatch': 'DEVICE_ID_MISMATCH',
  'device signature expired': 'SIGNATURE_EXPIRED',
  'device nonce required': 'NONCE_REQUIRED',
  'device nonce mismatch': 'NONCE_MISMATCH',
  'device signature invalid': 'SIGNATURE_INVALID',
  'device public key invalid': 'PUBLIC_KEY_INVALID',
}

const isControlUi = (clientId: string): boolean => clientId.endsWith('-control-ui')

function refuse(code: string, message: string, details?: Record<string, unknown>, more: { closeCode?: number; closeReason?: string; guess?: boolean; retryAfterMs?: number } = {}): Refused {
  return {
    kind: 'refused',
    error: { code, message, ...(details === undefined ? {} : { details }), ...(more.retryAfterMs === undefined ? {} : { retryable: true, retryAfterMs: more.retryAfterMs }) },
    close: { code: more.closeCode ?? 1008, reason: more.closeReason ?? message },
    guess: more.guess ?? false,
  }
}

/** Decides one `connect`, in the order clients of this family rely on. Every grant is a property of the credential; what the client asks for only narrows it. */
export async function admit(given: unknown, envelope: Envelope, rooms: AdmissionRooms): Promise<Admitted | Refused> {
  if (!connectParams.Check(given)) return refuse('INVALID_REQUEST', `invalid connect params: ${describeParamErrors(connectParams.Errors(given))}`)
  const params = given
  const config = rooms.config()

  const protocol = params.minProtocol <= 4 && params.maxProtocol >= 4 ? 4 : params.minProtocol <= 3 && params.maxProtocol >= 3 ? 3 : undefined
  if (protocol === undefined) {
    return refuse('INVALID_REQUEST', 'protocol mismatch', {
      code: 'PROTOCOL_MISMATCH', expectedProtocol: 4, clientMinProtocol: params.minProtocol, clientMaxProtocol: params.maxProtocol, minimumProbeProtocol: 3,
    }, { closeCode: 1002 })
  }
  const role = params.role ?? 'operator'
  if (role !== 'operator' && role !== 'node') return refuse('INVALID_REQUEST', 'invalid role')

  const { device, auth = {} } = params
  const insecureAllowed = config.controlUi.allowInsecureAuth || config.controlUi.dangerouslyDisableDeviceAuth
  const offered = [auth.token, auth.password, auth.deviceToken].some((value) => value !== undefined && value !== '')
  const credentials = await rooms.credentials.current()

  if (device === undefined && envelope.cookie === undefined && offered) {
    if (isControlUi(params.client.id)) {
      if (!insecureAllowed) return refuse('INVALID_REQUEST', 'control ui requires HTTPS or localhost (secure context)', { code: 'CONTROL_UI_DEVICE_IDENTITY_REQUIRED', recommendedNextStep: 'review_auth_configuration' })
    } else if ((auth.token ?? '') === '' && !(credentials.mode === 'password' && (auth.password ?? '') !== '')) {
      return refuse('NOT_PAIRED', 'device identity required', { code: 'DEVICE_IDENTITY_REQUIRED' })
    }
  } else if (device === undefined && envelope.cookie === undefined && !isControlUi(params.client.id)) {
    return refuse('NOT_PAIRED', 'device identity required', { code: 'DEVICE_IDENTITY_REQUIRED' })
  }

  if (device !== undefined) {
    const fault = checkDevice({
      device, clientId: params.client.id, clientMode: params.client.mode, platform: params.client.platform, deviceFamily: params.client.deviceFamily,
      role, scopes: params.scopes ?? [], token: auth.token ?? auth.deviceToken ?? auth.bootstrapToken ?? '',
    }, { nonce: envelope.nonce, now: rooms.clock.now(), nonceRequired: protocol === 4 || !envelope.source.local })
    if (fault !== undefined) return refuse('INVALID_REQUEST', fault, { code: deviceCodes[fault] })
  }

  const requested = params.scopes ?? []
  const ground = await rooms.attempts.inTurn(envelope.source.address, () => authenticate(params, role, requested, envelope, credentials, rooms))
  if (ground.kind === 'refused') return ground
  const done = (scopesTold: readonly string[], deviceToken?: { token: string; issuedAtMs: number }): Admitted => ({
    kind: 'admitted', params, protocol, role,
    scopes: role === 'node' ? ['node'] : knownScopes(scopesTold),
    scopesTold: [...scopesTold],
    ground: ground.kind === 'device' ? { kind: 'device', bound: ground.bound } : ground,
    device: device?.id ?? null,
    deviceToken,
    authMode: credentials.mode,
  })

  if (ground.kind === 'cookie') return role === 'node' ? refuse('INVALID_REQUEST', 'invalid role') : done(requested.length === 0 ? operatorScopes : requested)
  const wanted = role === 'node' ? [] : requested.length > 0 ? requested : protocol === 3 ? ['operator.admin'] : []

  if (device === undefined) {
    if (role === 'node') return refuse('NOT_PAIRED', 'device identity required', { code: 'DEVICE_IDENTITY_REQUIRED' })
    // A web page without device identity proves nothing about the machine it runs on.
    if (envelope.source.browser && !insecureAllowed) return done([])
    return done(wanted.length === 0 ? operatorScopes : wanted)
  }
  return pair(params, device, role, wanted, ground, envelope, credentials, rooms, done, protocol)
}

type Ground = { kind: 'shared'; version: number } | { kind: 'cookie'; digest: string; provedAt: number } | { kind: 'device'; bound: boolean; scopes: string[]; token: string; issuedAtMs: number }

async function authenticate(params: ConnectParams, role: string, requested: readonly string[], envelope: Envelope, credentials: Credentials, rooms: AdmissionRooms): Promise<Ground | Refused> {
  if (envelope.cookie !== undefined) return { kind: 'cookie', digest: envelope.cookie.digest, provedAt: envelope.cookie.provedAt }
  const { device, auth = {} } = params
  const { source } = envelope
  // Programs keep the token where people have a password.
  const byToken = credentials.mode === 'token' || (auth.password ?? '') === ''
  const shared = (byToken ? auth.token : auth.password) ?? ''
  const hint = isControlUi(params.client.id) ? `sign in again at /login with the gateway ${credentials.mode}` : `set gateway.remote.${credentials.mode} or MOLTBOT_GATEWAY_${credentials.mode.toUpperCase()}`
  const said = (what: string, code: string, next: string, more: { guess?: boolean; retryAfterMs?: number; canRetry?: boolean } = {}): Refused =>
    refuse('INVALID_REQUEST', `unauthorized: ${what} (${hint})`, {
      code, authReason: code.replace(/^AUTH_/, '').toLowerCase(), canRetryWithDeviceToken: more.canRetry ?? false, recommendedNextStep: next,
    }, more)
  const locked = (waitMs: number): Refused => said('too many failed attempts', 'AUTH_RATE_LIMITED', 'wait_then_retry', { retryAfterMs: waitMs })

  const waitMs = rooms.attempts.lockedForMs(source.address, 'shared')
  // On this machine the right, unguessable secret opens even then: a forgotten client with an old token must not lock its owner out.
  if (waitMs > 0 && shared !== '' && !(source.local && !source.browser && credentials.strong)) return locked(waitMs)
  if (shared !== '' && (await credentials.matches(shared, byToken ? 'token' : 'mode'))) {
    rooms.attempts.succeeded(source.address, 'shared')
    return { kind: 'shared', version: credentials.version }
  }

  const deviceToken = auth.deviceToken ?? auth.token ?? ''
  if (device !== undefined && deviceToken !== '') {
    const waitDeviceMs = rooms.attempts.lockedForMs(source.address, 'device')
    if (waitDeviceMs > 0) return locked(waitDeviceMs)
    const found = await rooms.devices.checkToken(device.id, role, deviceToken, credentials)
    if (found !== undefined && coversAll(found.scopes, requested)) {
      rooms.attempts.succeeded(source.address, 'device')
      return { kind: 'device', bound: found.bound, scopes: found.scopes, token: deviceToken, issuedAtMs: found.issuedAtMs }
    }
    if (found !== undefined) return said('device token mismatch', 'AUTH_SCOPE_MISMATCH', 'update_auth_credentials')
    // Wrong only as a device token: the shared one is counted below, where it was offered as such.
    if (shared === '') {
      await rooms.attempts.failed(source.address, 'device')
      return said('device token mismatch', 'AUTH_DEVICE_TOKEN_MISMATCH', 'update_auth_credentials', { guess: true })
    }
  }

  const mode = credentials.mode.toUpperCase()
  if (!credentials.configured) return said(`gateway ${credentials.mode} not configured on gateway (set gateway.auth.${credentials.mode})`, `AUTH_${mode}_NOT_CONFIGURED`, 'review_auth_configuration')
  if (shared === '') return said(`gateway ${credentials.mode} missing`, `AUTH_${mode}_MISSING`, 'update_auth_configuration')
  await rooms.attempts.failed(source.address, 'shared')
  if (waitMs > 0) return locked(waitMs)
  return said(`gateway ${credentials.mode} mismatch`, `AUTH_${mode}_MISMATCH`, 'update_auth_credentials', { guess: true, canRetry: device !== undefined && auth.deviceToken === undefined && protocolKnowsDeviceTokens(params) })
}

/** Clients of protocol 4 keep a device token beside the shared one and may try it next. */
function protocolKnowsDeviceTokens(params: ConnectParams): boolean {
  return params.maxProtocol >= 4
}

async function pair(
  params: ConnectParams, device: NonNullable<ConnectParams['device']>, role: 'operator' | 'node', wanted: readonly string[], ground: Exclude<Ground, { kind: 'cookie' }>,
  envelope: Envelope, credentials: Credentials, rooms: AdmissionRooms, done: (scopes: readonly string[], token?: { token: string; issuedAtMs: number }) => Admitted, protocol: 3 | 4,
): Promise<Admitted | Refused> {
  const { source } = envelope
  const facts = {
    deviceId: device.id, publicKey: device.publicKey, displayName: params.client.displayName, platform: params.client.platform,
    clientId: params.client.id, clientMode: params.client.mode, remoteIp: source.local ? undefined : source.address,
  }
  if (ground.kind === 'device') return done(wanted.length === 0 ? ground.scopes : wanted, { token: ground.token, issuedAtMs: ground.issuedAtMs })

  const granted = await rooms.devices.grantedTo(device.id, device.publicKey, role)
  const effective = wanted.length > 0 || role === 'node' ? wanted : (granted ?? operatorScopes)
  if (granted === undefined || !coversAll(granted, effective)) {
    // Pages are local only when they are ours: any other page could have been given the token by a person who was fooled.
    const silent = source.local && (!source.browser || source.sameOrigin)
    if (!silent) return pending(params, facts, role, effective, granted, rooms, protocol)
    await rooms.devices.admitSilently(facts, role, effective)
  }
  const selfConnection = params.client.id === 'gateway-client' && params.client.mode === 'backend'
  return done(effective, selfConnection ? undefined : await rooms.devices.issueToken(device.id, role, effective, credentials))
}

async function pending(
  params: ConnectParams, facts: Parameters<DeviceStore['ask']>[0], role: 'operator' | 'node', wanted: readonly string[], granted: string[] | undefined, rooms: AdmissionRooms, protocol: 3 | 4,
): Promise<Refused> {
  try {
    const request = await rooms.devices.ask(facts, role, wanted)
    const reason = granted === undefined ? 'not-paired' : 'scope-upgrade'
    const words = granted === undefined ? 'this device is not approved yet' : 'this device asks for more than was approved'
    if (protocol === 3) return refuse('NOT_PAIRED', 'pairing required', { requestId: request.requestId })
    return refuse('NOT_PAIRED', 'pairing required', {
      code: 'PAIRING_REQUIRED', reason, requestId: request.requestId, deviceId: facts.deviceId, requestedRole: role, requestedScopes: [...wanted],
      approvedRoles: granted === undefined ? [] : [role], approvedScopes: granted ?? [], retryable: false, pauseReconnect: true,
      remediationHint: `Approve it on the gateway's machine: moltbot devices approve ${request.requestId}`, recommendedNextStep: 'wait_then_retry',
    }, { closeReason: `pairing required: ${words} (requestId: ${request.requestId})` })
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    return refuse('UNAVAILABLE', error.message, { code: 'PAIRING_REQUIRED' })
  }
}

/** The principal behind every credential of the door: the gateway has one owner, and devices act for them within their scopes. */
export const doorPrincipal = { id: ownerPrincipal, role: 'owner' } as const

/** Whether an admitted connection stands on nothing a rotation of the shared secret would leave. */
export function fallsWithRotation(admitted: Pick<Admitted, 'ground'>, versionNow: number): boolean {
  switch (admitted.ground.kind) {
    case 'shared': return admitted.ground.version !== versionNow
    case 'cookie': return true
    case 'device': return admitted.ground.bound
  }
}
