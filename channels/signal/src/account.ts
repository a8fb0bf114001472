import { ConnectProblem, type ChannelHost } from '@moltbot/contract'
import type { SignalConfig } from './config.ts'
import { linkAction, readFailure } from './failures.ts'
import type { Self } from './incoming.ts'
import { ForeignAnswer, RpcProblem, type SignalDaemon } from './rpc.ts'
import { isNumber, isUuid } from './signal-id.ts'

const unknownMethod = -32_601
const unlinked = 'This Signal account is not linked to signal-cli.'

/** The numbers signal-cli knows; undefined: it was started for one account and has no list. */
export async function listAccounts(daemon: SignalDaemon, signal?: AbortSignal): Promise<string[] | undefined> {
  try {
    const answer = await daemon.call('listAccounts', {}, { forAll: true, ...(signal === undefined ? {} : { signal }) })
    if (!Array.isArray(answer)) throw new ForeignAnswer()
    return answer.flatMap((entry: { number?: unknown } | null) => (isNumber(entry?.number) ? [entry.number] : []))
  } catch (error) {
    if (error instanceof RpcProblem && error.code === unknownMethod) return undefined
    throw error
  }
}

/** Finds out which account is ours and that Signal still knows it. Rejects with a `ConnectProblem` or as a call does. */
export async function findAccount(daemon: SignalDaemon, self: Self, config: SignalConfig, host: ChannelHost, signal: AbortSignal): Promise<void> {
  const numbers = await listAccounts(daemon, signal)
  if (numbers === undefined) self.number = config.account
  else {
    if (config.account === undefined && numbers.length > 1) {
      throw new ConnectProblem('signal-cli has several accounts, and which is meant is not said.', { permanent: true, next: 'Set channels.signal.account to the number.' })
    }
    const number = config.account ?? numbers[0]
    if (number === undefined || !numbers.includes(number)) throw new ConnectProblem(unlinked, { permanent: true, next: linkAction })
    self.number = number
    daemon.account = number
  }
  // The one question that Signal's servers answer only to a device that is still linked.
  await daemon.call('listDevices', {}, { signal })
  self.uuid ??= await ownId(daemon, self.number, host, signal)
}

/** Our own id, asked once and kept: mentions and quotes name it. */
async function ownId(daemon: SignalDaemon, number: string | undefined, host: ChannelHost, signal: AbortSignal): Promise<string | undefined> {
  if (number === undefined) return undefined
  const kept = (await host.state.get('self'))?.split(' ')
  if (kept?.[0] === number && isUuid(kept[1])) return kept[1]
  try {
    const answer = await daemon.call('getUserStatus', { recipient: [number] }, { signal })
    const uuid = Array.isArray(answer) ? (answer[0] as { uuid?: unknown } | undefined)?.uuid : undefined
    if (!isUuid(uuid)) return undefined
    await host.state.set('self', `${number} ${uuid}`)
    return uuid
  } catch (error) {
    if (readFailure(error).kind === 'unlinked') throw error
    host.log.warn('signal: our own id could not be asked; mentions are recognised by number only')
    return undefined
  }
}
