import { ConnectProblem, Problem, type ChannelHost, type Connection, createHealthKeeper } from '@moltbot/contract'
import { findAccount } from './account.ts'
import type { SignalConfig } from './config.ts'
import { createDaemonProcess } from './daemon-process.ts'
import { openEventLine } from './event-line.ts'
import { describeFailure, linkAction, readFailure, startAction } from './failures.ts'
import { createHandOver, type Received } from './hand-over.ts'
import type { Self } from './incoming.ts'
import { openJournal } from './journal.ts'
import { createOutgoing, fileBytesMax } from './outgoing.ts'
import { addressOf, openDaemon } from './rpc.ts'

/** Opening an account must not hang on a silent daemon, ms. */
const openPatienceMs = 25_000
/** `close` gives up waiting shortly before the five seconds it may take. */
const closePatienceMs = 2_000
/** Signal lets a message be changed ten times. */
const editEveryMs = 5_000

/** Opens one account of a daemon, starting the daemon where that is ours to do. */
export async function connectSignal(config: SignalConfig, host: ChannelHost): Promise<Connection> {
  host.health({ kind: 'starting' })
  const process = config.autoStart ? createDaemonProcess(config, host) : undefined
  const daemon = openDaemon(addressOf(config.autoStart ? { ...config, httpUrl: undefined } : config), undefined, host)
  const self: Self = { number: config.account, uuid: undefined }
  const health = createHealthKeeper(host)
  const journal = await openJournal<Received>(host)
  const handOver = createHandOver({ host, daemon, config, self, journal, health })
  let closing: Promise<void> | undefined
  async function prepare(signal: AbortSignal): Promise<void> {
    await process?.ensure((within) => daemon.answers(within), signal)
    await findAccount(daemon, self, config, host, signal)
    health.named(self.number ?? 'Signal')
    handOver.begin()
  }
  // A daemon that does not run, or is foreign, is told at once; one that we start takes its time.
  if (process === undefined) await refuseUnready(prepare, host)

  const line = openEventLine({
    host, daemon, health, prepare,
    onReceived: (received) => handOver.take(received),
  })

  async function close(): Promise<void> {
    let cancel = (): void => {}
    const patience = new Promise<void>((resolve) => (cancel = host.clock.after(closePatienceMs, resolve)))
    await Promise.race([handOver.close(), patience])
    cancel()
    journal.ending()
    await line.close()
    await Promise.all([journal.close(), process?.stop()])
    health.closed()
  }

  let cancelPatience = (): void => {}
  const tooLong = new Promise<'late'>((resolve) => (cancelPatience = host.clock.after(openPatienceMs, () => resolve('late'))))
  try {
    const late = await Promise.race([line.up, tooLong])
    if (late === 'late' && !config.autoStart) throw new ConnectProblem('signal-cli does not answer.', { permanent: false, next: startAction })
    if (late === 'late') health.retrying('signal-cli is starting.', 1, host.clock.now() + openPatienceMs)
  } catch (error) {
    await handOver.close()
    await line.close()
    await Promise.all([journal.close(), process?.stop()])
    throw error
  } finally {
    cancelPatience()
  }

  return {
    limits: { textLengthMax: config.textChunkLimit, editEveryMs, nonce: false, streaming: config.streaming, files: { bytesMax: fileBytesMax, captionMax: config.textChunkLimit } },
    ...createOutgoing({ daemon, host, config, self, health, isClosed: () => closing !== undefined }),
    async probe(signal) {
      try {
        await daemon.call('listDevices', {}, { signal })
        return self.number ?? 'Signal'
      } catch (error) {
        const failure = readFailure(error)
        throw new Problem('signal-unreachable', describeFailure(failure), { next: failure.kind === 'unlinked' ? linkAction : startAction, cause: error })
      }
    },
    close: () => (closing ??= close()),
  }
}

/** Rejects with a `ConnectProblem` when the daemon or the account is not ready to be opened. */
async function refuseUnready(prepare: (signal: AbortSignal) => Promise<void>, host: ChannelHost): Promise<void> {
  const controller = new AbortController()
  const cancel = host.clock.after(openPatienceMs, () => controller.abort())
  try {
    await prepare(controller.signal)
  } catch (error) {
    if (error instanceof ConnectProblem && !error.permanent) throw error
    const failure = readFailure(error)
    const lasting = error instanceof ConnectProblem ? { reason: error.message, action: error.next } : failure.kind === 'unlinked' ? { reason: describeFailure(failure), action: linkAction } : undefined
    if (lasting === undefined) throw new ConnectProblem(describeFailure(failure), { permanent: false, next: startAction, cause: error })
    host.health({ kind: 'needs-you', ...lasting })
    throw new ConnectProblem(lasting.reason, { permanent: true, next: lasting.action, cause: error })
  } finally {
    cancel()
  }
}
