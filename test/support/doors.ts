import { Type } from 'typebox'
import { connectParams, newDevice, runDoor, signDevice, TestSocket, type Frame, type RunningDoor, type TestDevice } from '../../gateway/src/api/testing/test-client.ts'
import { startTestGateway, type TestGateway, type TestGatewayOptions } from './test-gateway.ts'

// Doors and gateways for tests that try to get in.
const doors: RunningDoor[] = []
const gateways: TestGateway[] = []

/** Closes what a test opened; for `afterEach`. */
export async function closeDoors(): Promise<void> {
  for (const door of doors.splice(0)) await door.close()
  for (const gateway of gateways.splice(0)) await gateway.close()
}

export async function startDoor(options: Parameters<typeof runDoor>[0] = {}): Promise<RunningDoor> {
  const door = await runDoor(options)
  doors.push(door)
  return door
}

export async function startGateway(options: TestGatewayOptions = {}): Promise<TestGateway> {
  const gateway = await startTestGateway({ builtin: true, ...options })
  gateways.push(gateway)
  return gateway
}

/** The same door again on the same store, as after a crash: the new process knows nothing but the disk. */
export async function restarted(door: RunningDoor, options: Parameters<typeof runDoor>[0] = {}): Promise<RunningDoor> {
  doors.splice(doors.indexOf(door), 1)
  await door.door.close()
  return startDoor({ ...options, rooms: door.rooms })
}

/** Whether a program gets in with a token. */
export async function entry(port: number, token: string): Promise<'in' | 'refused'> {
  const socket = new TestSocket(`ws://127.0.0.1:${port}/`)
  await socket.opened()
  const { ok } = await socket.connect({ auth: { token } })
  socket.ws.terminate()
  return ok === true ? 'in' : 'refused'
}

export const page = (door: RunningDoor): Record<string, string> => ({ origin: door.url, 'sec-fetch-site': 'same-origin' })
export const reasonOf = (frame: Frame): string => String(frame.error?.details?.['code'] ?? (frame.ok === true ? 'in' : frame.error?.message))
/** One try over a WebSocket of a page of ours: no favour is done to loopback there. */
export async function tryToken(door: RunningDoor, token: string, params: Record<string, unknown> = {}): Promise<string> {
  const socket = await door.open({ headers: page(door) })
  const answer = reasonOf(await socket.connect({ auth: { token }, ...params }))
  socket.ws.terminate()
  return answer
}

export async function connectDevice(socket: TestSocket, device: TestDevice, params: Record<string, unknown>): Promise<Frame> {
  const { nonce } = await socket.challenge()
  return socket.connect({ ...params, device: signDevice(device, connectParams(params), nonce) })
}

export const anything = Type.Unknown()
/** A door whose clients come through a proxy: then no device is let in silently. */
export const behindProxy = { config: { trustedProxies: ['127.0.0.1'] } }
export const far = { headers: { 'x-forwarded-for': '10.0.0.9' } }
/** A paired device on its own token, as after a person's yes. */
export async function pairedDevice(door: RunningDoor, scopes: string[]): Promise<{ device: TestDevice; token: string }> {
  const device = newDevice()
  const asked = await connectDevice(await door.open(far), device, { scopes })
  await door.rooms.devices.approve(String(asked.error?.details?.['requestId']), ['operator.admin'])
  const hello = await connectDevice(await door.open(far), device, { scopes })
  return { device, token: (hello.payload as { auth: { deviceToken: string } }).auth.deviceToken }
}
