import { Problem, defineCommand, exitCodes } from '@moltbot/contract'
import type { CommandContext, ExitCode } from '@moltbot/contract'
import { waitForEnd } from '../gateway-waits.ts'

export const gatewayRun = defineCommand({
  name: 'gateway run',
  summary: 'Start the gateway in the foreground',
  topic: 'start',
  groupDefault: true,
  description: 'Runs until Ctrl-C or "moltbot gateway stop". To start it in the background instead, use scripts/start-moltbot.sh.',
  args: {},
  flags: {
    port: { kind: 'number', value: 'port', summary: 'Port to listen on (default: gateway.port, 18789)', min: 1, max: 65_535 },
    bind: { kind: 'text', value: 'where', summary: 'Addresses to listen on (default: gateway.bind, loopback)', choices: ['loopback', 'lan', 'tailnet', 'auto', 'custom'] },
    force: { kind: 'boolean', summary: 'Stop a gateway that already runs on this state directory' },
    verbose: { kind: 'boolean', short: 'v', summary: 'Show debug messages' },
    'passphrase-fd': { kind: 'number', value: 'fd', summary: 'An open file descriptor with the passphrase of the vault', min: 3, max: 1_024 },
  },
  examples: ['gateway', 'gateway --port 19000', 'gateway --bind lan'],
  async run({ flags }, { machine, connect, clock, terminal }) {
    if (flags.force) await stopRunning(connect, clock, terminal)
    const code = await machine.runGateway({
      ...(flags.port === undefined ? {} : { port: flags.port }),
      ...(flags.bind === undefined ? {} : { bind: flags.bind }),
      force: flags.force,
      verbose: flags.verbose,
      ...(flags['passphrase-fd'] === undefined ? {} : { passphraseFd: flags['passphrase-fd'] }),
      ...(terminal.interactive ? { askPassphrase: async () => (await terminal.prompts()).secret({ message: 'Passphrase of the vault' }) } : {}),
    })
    return Object.values(exitCodes).find((known): known is ExitCode => known === code) ?? exitCodes.failed
  },
})

/** Stops the gateway that answers at the configured place, if one does. One that refuses us is left alone and told. */
async function stopRunning(connect: CommandContext['connect'], clock: CommandContext['clock'], terminal: CommandContext['terminal']): Promise<void> {
  const client = await connect().catch((error: unknown) => {
    if (error instanceof Problem && error.code === 'gateway-unreachable') return undefined
    throw error
  })
  if (client === undefined) return
  terminal.note('Stopping the gateway that runs already…')
  try {
    const end = waitForEnd(client, clock, 30_000)
    await Promise.race([end, client.request('gateway.stop', { reason: 'another one takes its place' })])
    await end
  } finally {
    client.close()
  }
}
