/** The gateway as a process of its own: what `moltbot gateway run` starts. */
import { close as closeInspector, url as inspectorUrl } from 'node:inspector'
import { describeError, type GatewayRunOptions } from '@moltbot/contract'
import { auditAnchorFile, ownEnvironment, stateDirectory, vaultKeyFile } from './environment.ts'
import { installation, logLinkPath, readVersion, uiDirectory } from './installation.ts'
import { startGateway, type Gateway } from './main.ts'
import { passphraseOnce } from './opened-vault.ts'
import { backupBeside } from './scheduled-backup.ts'

// Together these are the `GatewayModule` that the command line loads.
export { offlineAudit, offlineConfig, offlineReview, offlineVault, sealedSecret } from './offline.ts'
export { offlineBackup } from './offline-backup.ts'

/** `moltbot gateway run`: a gateway in this process until it is told to stop. Resolves with the exit code. */
export async function runGateway(options: GatewayRunOptions): Promise<number> {
  process.umask(0o077)
  const environment = ownEnvironment()
  const stateDir = stateDirectory(environment)
  const root = installation()
  let finish: (code: number) => void = () => undefined
  const done = new Promise<number>((resolveDone) => { finish = resolveDone })
  const interactive = process.stdout.isTTY === true
  const passphrase = passphraseOnce(options, environment)
  shutDebugger()
  const start = (): Promise<Gateway> => startGateway({
    stateDir, environment, vaultPassphrase: passphrase, version: readVersion(root), uiDir: uiDirectory(root), vaultKeyFile: vaultKeyFile(environment), auditAnchorFile: auditAnchorFile(environment),
    ...(options.port === undefined ? {} : { port: options.port }), ...(options.bind === undefined ? {} : { bind: options.bind }), verbose: options.verbose,
    logLink: logLinkPath, makeBackup: backupBeside(root, environment),
    ...(environment['MOLTBOT_QUIET'] === '1' ? {} : { console: { write: (text: string) => void process.stdout.write(text), color: interactive && environment['NO_COLOR'] === undefined } }),
    onShutdown: (reason, restart) => void stop(reason, restart),
  })
  let gateway: Gateway
  const stop = async (reason: string, restart: boolean): Promise<void> => {
    await gateway.close({ reason, restart })
    if (!restart) return finish(0)
    gateway = await start()
  }
  gateway = await start()
  let stopping = false
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (stopping) process.exit(130)
      stopping = true
      void stop(signal === 'SIGINT' ? 'interrupted' : 'terminated', false)
    })
  }
  process.on('uncaughtException', (error) => gateway.rooms.log.error('Something was not caught; the gateway goes on.', { error: describeError(error) }))
  process.on('unhandledRejection', (error) => gateway.rooms.log.error('Something was not awaited; the gateway goes on.', { error: describeError(error) }))
  return done
}

/** Whoever could attach a debugger, or read a crash report, would read every secret out of the memory. */
function shutDebugger(): void {
  // Having a listener at all keeps Node from opening the inspector's port for this signal.
  process.on('SIGUSR1', () => undefined)
  if (inspectorUrl() !== undefined) closeInspector()
  Object.assign(process.report, { reportOnFatalError: false, reportOnSignal: false, reportOnUncaughtException: false, excludeEnv: true })
}
