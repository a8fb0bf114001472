import { Problem, type ChannelHost, type LoginStep, type LoginWish } from '@moltbot/contract'
import { listAccounts } from './account.ts'
import type { SignalConfig } from './config.ts'
import { createDaemonProcess } from './daemon-process.ts'
import { describeFailure, readFailure, startAction } from './failures.ts'
import { addressOf, openDaemon, type SignalDaemon } from './rpc.ts'
import { isNumber } from './signal-id.ts'

/** Signal keeps a code open for about this long. */
const patienceMs = 3 * 60_000
const how = 'On the telephone: Signal → Settings → Linked devices → Link new device, and scan this.'

/** Links signal-cli to a telephone as a further device. The daemon must have been started without an account of its own. */
export async function* linkDevice(config: SignalConfig, host: ChannelHost, { signal }: LoginWish): AsyncGenerator<LoginStep> {
  const process = config.autoStart ? createDaemonProcess({ ...config, account: undefined }, host) : undefined
  const daemon = openDaemon(addressOf(config.autoStart ? { ...config, httpUrl: undefined } : config), undefined, host)
  try {
    await process?.ensure((within) => daemon.answers(within), signal)
    const begun = await call(daemon, 'startLink', {}, signal)
    const payload = (begun as { deviceLinkUri?: unknown } | undefined)?.deviceLinkUri
    if (typeof payload !== 'string' || !/^(sgnl:\/\/linkdevice|tsdevice:)\S{10,500}$/.test(payload)) throw new Problem('signal-login-failed', 'signal-cli gave no code to scan.', { next: 'Update signal-cli.' })
    yield { kind: 'scan', payload, until: host.clock.now() + patienceMs, how }
    const done = await call(daemon, 'finishLink', { deviceLinkUri: payload, deviceName: 'Moltbot' }, signal)
    const number = typeof done === 'string' ? done : (done as { number?: unknown } | undefined)?.number
    yield { kind: 'done', detail: isNumber(number) ? number : 'Signal' }
  } finally {
    await process?.stop()
  }
}

/** Forgets the account on this computer; the telephone's list of linked devices is the place to end it at Signal. */
export async function unlinkDevice(config: SignalConfig, host: ChannelHost): Promise<void> {
  const daemon = openDaemon(addressOf(config), undefined, host)
  const { signal } = new AbortController()
  const numbers = await listAccounts(daemon, signal).catch((): string[] => [])
  const account = config.account ?? (numbers?.length === 1 ? numbers[0] : undefined)
  await host.state.set('self', '')
  await host.state.set('pending', '[]')
  if (account === undefined || numbers?.includes(account) !== true) return
  daemon.account = account
  await call(daemon, 'deleteLocalAccountData', { ignoreRegistered: true }, signal)
}

async function call(daemon: SignalDaemon, method: string, params: Record<string, unknown>, signal: AbortSignal): Promise<unknown> {
  try {
    return await daemon.call(method, params, { signal, patienceMs })
  } catch (error) {
    const failure = readFailure(error)
    throw new Problem('signal-login-failed', describeFailure(failure), { next: failure.kind === 'unreached' ? startAction : 'Try again, with the newest signal-cli.', cause: error })
  }
}
