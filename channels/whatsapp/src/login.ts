import type { WASocket } from 'baileys'
import { Problem, describeError, type ChannelHost, type LoginStep, type LoginWish } from '@moltbot/contract'
import type { WhatsAppConfig } from './config.ts'
import { keepDevice, newDevice, readDevice, sealedOf } from './device-keys.ts'
import { readEnding, statusOf } from './failures.ts'
import { discardSocket, makeSocket } from './library-socket.ts'
import { loadLibrary, type Library } from './library.ts'
import { socketSettings } from './line.ts'
import { nameOf } from './outgoing.ts'
import { realmOf } from './realm.ts'

/** An attempt is open this long. */
const patienceMs = 3 * 60_000
/** WhatsApp changes what is to be scanned: the first stands a minute, each later one 20 s. */
const firstScanMs = 60_000
const laterScanMs = 20_000
const linesMax = 5
const goodbyeMs = 10_000
const restart = 515
const loggedOut = 401

const scanHow = 'On the telephone: WhatsApp → Settings → Linked devices → Link a device, and scan this.'
const typeHow = 'On the telephone: WhatsApp → Settings → Linked devices → Link a device → Link with phone number instead, and type this.'

/** Links this gateway to a telephone. What was linked before stays until the new link stands. */
export async function* linkDevice(config: WhatsAppConfig, host: ChannelHost, { phone, signal }: LoginWish): AsyncGenerator<LoginStep> {
  const digits = phone === undefined ? undefined : numberOf(phone)
  const sealed = sealedOf(host)
  const realm = realmOf(config.apiRoot)
  const library = await loadLibrary()
  const { device, values } = newDevice(library)
  const steps = createSteps()
  let socket: WASocket | undefined
  let lines = 0
  let scans = 0
  let asked = false
  let over = false

  function open(): void {
    lines += 1
    if (over || lines > linesMax) return steps.fail(new Problem('whatsapp-login-failed', 'WhatsApp breaks off the login again and again.', { next: 'Try again in some minutes.' }))
    const mine = makeSocket(library, { ...socketSettings(library, host, realm.socket, config.webVersion), auth: { creds: device.creds, keys: device.keysFor(() => !over) } })
    if (socket !== undefined) discardSocket(socket)
    socket = mine
    // Messages that come already now stay with WhatsApp: they are taken once the account is open.
    mine.ws.removeAllListeners('CB:message')
    mine.ev.on('creds.update', () => void device.save())
    mine.ev.on('connection.update', ({ connection, qr, isNewLogin, lastDisconnect }) => {
      if (over || socket !== mine) return
      if (qr !== undefined) show(mine, qr)
      if (isNewLogin === true) steps.push({ kind: 'working', sentence: 'The telephone agreed. WhatsApp is setting the device up.' })
      if (connection === 'open') void finish()
      if (connection === 'close') ended(statusOf(lastDisconnect?.error))
    })
  }

  function show(mine: WASocket, payload: string): void {
    if (digits === undefined) {
      scans += 1
      return steps.push({ kind: 'scan', payload, until: host.clock.now() + (scans === 1 ? firstScanMs : laterScanMs), how: scanHow })
    }
    if (asked) return
    asked = true
    mine.requestPairingCode(digits).then(
      (code) => steps.push({ kind: 'type', code: `${code.slice(0, 4)}-${code.slice(4)}`, how: typeHow }),
      (error: unknown) => steps.fail(new Problem('whatsapp-login-failed', 'WhatsApp gives no code for this number.', { next: 'Check the number, or scan instead.', cause: error })),
    )
  }

  function ended(status: number | undefined): void {
    if (status === restart || (device.creds.account !== undefined && status !== 401)) return open()
    if (status === 408 && scans > 0) return steps.fail(new Problem('whatsapp-login-expired', 'Nobody scanned in time.', { next: 'Begin the login again.' }))
    const ending = readEnding(status)
    steps.fail(new Problem('whatsapp-login-failed', ending.reason, { next: ending.kind === 'stop' ? ending.action : 'Check the connection to the internet, and begin again.' }))
  }

  async function finish(): Promise<void> {
    try {
      await device.save()
      await keepDevice(sealed, values)
      steps.push({ kind: 'done', detail: nameOf(device.creds.me?.id) })
      steps.end()
    } catch (error) {
      steps.fail(new Problem('whatsapp-login-failed', `The keys of the new device could not be sealed: ${describeError(error)}.`, { next: 'Look at `moltbot vault doctor`, and begin again.', cause: error }))
    }
  }

  const cancelPatience = host.clock.after(patienceMs, () => steps.fail(new Problem('whatsapp-login-expired', 'The login was not finished within three minutes.', { next: 'Begin it again.' })))
  const calledOff = (): void => steps.fail(new Problem('whatsapp-login-ended', 'The login was given up.'))
  signal.addEventListener('abort', calledOff, { once: true })
  try {
    if (signal.aborted) calledOff()
    else open()
    yield* steps.all()
  } finally {
    over = true
    cancelPatience()
    signal.removeEventListener('abort', calledOff)
    if (socket !== undefined) discardSocket(socket)
  }
}

/** Takes this device off the telephone's list as far as WhatsApp can be reached, and forgets its keys in any case. */
export async function unlinkDevice(config: WhatsAppConfig, host: ChannelHost): Promise<void> {
  const sealed = sealedOf(host)
  try {
    const library = await loadLibrary()
    const device = await readDevice(library, sealed)
    if (device !== undefined) await sayGoodbye(library, config, host, device)
  } catch (error) {
    host.log.warn('whatsapp: the device could not be taken off the telephone’s list; remove it there', { error: describeError(error) })
  } finally {
    await sealed.clear()
  }
}

async function sayGoodbye(library: Library, config: WhatsAppConfig, host: ChannelHost, device: NonNullable<Awaited<ReturnType<typeof readDevice>>>): Promise<void> {
  const socket = makeSocket(library, { ...socketSettings(library, host, realmOf(config.apiRoot).socket, config.webVersion), auth: { creds: device.creds, keys: device.keysFor(() => true) } })
  socket.ws.removeAllListeners('CB:message')
  let cancel = (): void => {}
  try {
    await new Promise<void>((resolve, reject) => {
      cancel = host.clock.after(goodbyeMs, () => reject(new Error('no answer in time')))
      socket.ev.on('connection.update', ({ connection, lastDisconnect }) => {
        if (connection === 'open') {
          const jid = socket.authState.creds.me?.id ?? ''
          socket.query({ tag: 'iq', attrs: { to: library.S_WHATSAPP_NET, type: 'set', xmlns: 'md' }, content: [{ tag: 'remove-companion-device', attrs: { jid, reason: 'user_initiated' } }] }).then(() => resolve(), reject)
        } else if (connection === 'close') {
          // Thrown out is what was wished.
          if (statusOf(lastDisconnect?.error) === loggedOut) resolve()
          else reject(lastDisconnect?.error ?? new Error('the connection was closed'))
        }
      })
    })
  } finally {
    cancel()
    discardSocket(socket)
  }
}

function numberOf(phone: string): string {
  const digits = phone.replace(/[\s()./-]/g, '').replace(/^(\+|00)/, '')
  if (!/^[1-9]\d{6,14}$/.test(digits)) throw new Problem('whatsapp-number', 'This is no telephone number in international form.', { next: 'Write it like +4915112345678.' })
  return digits
}

/** What happens, as a stream for whoever follows it; the newest counts. */
function createSteps(): { push(step: LoginStep): void; fail(problem: Problem): void; end(): void; all(): AsyncGenerator<LoginStep> } {
  const waiting: LoginStep[] = []
  let failure: Problem | undefined
  let ended = false
  let wake = (): void => {}
  return {
    push(step) {
      if (!ended && failure === undefined) waiting.push(step)
      wake()
    },
    fail(problem) {
      if (!ended) failure ??= problem
      wake()
    },
    end() {
      ended = true
      wake()
    },
    async *all() {
      for (;;) {
        for (let step = waiting.shift(); step !== undefined; step = waiting.shift()) yield step
        if (failure !== undefined) throw failure
        if (ended) return
        await new Promise<void>((resolve) => (wake = resolve))
      }
    },
  }
}
