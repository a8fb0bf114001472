import { spawn } from 'node:child_process'
import { homedir } from 'node:os'
import { isAbsolute } from 'node:path'
import { ConnectProblem, type ChannelHost } from '@moltbot/contract'
import type { SignalConfig } from './config.ts'
import { isNumber } from './signal-id.ts'

const goodbyeMs = 2_000
const knockEveryMs = 250

export interface DaemonProcess {
  /** Resolves once the daemon answers; starts it where it does not run. Rejects with a `ConnectProblem`. */
  ensure(answers: (signal: AbortSignal) => Promise<boolean>, signal: AbortSignal): Promise<void>
  stop(): Promise<void>
}

/** signal-cli's daemon as a child of ours: its own arguments, no shell, nothing of our environment but where programs and its home are. */
export function createDaemonProcess(config: SignalConfig, host: Pick<ChannelHost, 'clock' | 'log'>): DaemonProcess {
  const { cliPath, account } = config
  if (cliPath === undefined || !isAbsolute(cliPath)) throw new ConnectProblem('channels.signal.autoStart needs the absolute path of signal-cli.', { permanent: true, next: 'Set channels.signal.cliPath, for example /usr/local/bin/signal-cli.' })
  if (account !== undefined && !isNumber(account)) throw new ConnectProblem('channels.signal.account is no number in international form.', { permanent: true, next: 'Write it as +49….' })
  const program = cliPath
  let running: { exited: Promise<void>; gone: boolean; kill(signal: 'SIGTERM' | 'SIGKILL'): void } | undefined

  function start(): NonNullable<typeof running> {
    const child = spawn(program, [
      ...(account === undefined ? [] : ['-a', account]), 'daemon', '--http', `${config.httpHost}:${config.httpPort}`, '--no-receive-stdout', '--receive-mode', config.receiveMode,
      '--ignore-stories', ...(config.ignoreAttachments ? ['--ignore-attachments'] : []),
    ], { shell: false, stdio: 'ignore', env: { PATH: '/usr/local/bin:/usr/bin:/bin', HOME: homedir(), LANG: 'C.UTF-8' } })
    const mine = { gone: false, exited: Promise.resolve(), kill: (signal: 'SIGTERM' | 'SIGKILL') => void child.kill(signal) }
    mine.exited = new Promise((resolve) => {
      const end = (how: string): void => {
        if (!mine.gone) host.log.info('signal: signal-cli ended', { how })
        mine.gone = true
        resolve()
      }
      child.once('error', (error) => end((error as NodeJS.ErrnoException).code ?? error.name))
      child.once('exit', (code, signal) => end(String(code ?? signal)))
    })
    return mine
  }

  return {
    async ensure(answers, signal) {
      if (await answers(signal)) return
      if (running === undefined || running.gone) running = start()
      const mine = running
      const until = host.clock.now() + config.startupTimeoutMs
      while (!mine.gone && host.clock.now() < until && !signal.aborted) {
        await new Promise<void>((resolve) => host.clock.after(knockEveryMs, resolve))
        if (await answers(signal)) return
      }
      throw new ConnectProblem(mine.gone ? 'signal-cli ended right after it was started.' : 'signal-cli was started and does not answer.', {
        permanent: false, next: `Try it by hand: ${program} --version. It needs a Java of its own version, and its port must be free.`,
      })
    },
    async stop() {
      const mine = running
      running = undefined
      if (mine === undefined || mine.gone) return
      mine.kill('SIGTERM')
      let cancel = (): void => {}
      await Promise.race([mine.exited, new Promise<void>((resolve) => (cancel = host.clock.after(goodbyeMs, resolve)))])
      cancel()
      if (!mine.gone) mine.kill('SIGKILL')
    },
  }
}
