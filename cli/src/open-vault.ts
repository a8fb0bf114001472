import { Problem } from '@moltbot/contract'
import type { CommandContext, OfflineVaultOptions, SealedSecret, VaultDesk, VaultFinding, VaultImport, VaultStatus } from '@moltbot/contract'
import { isLoopback } from './gateway-address.ts'
import { asFields, asText } from './wire-fields.ts'
import type { Fields } from './wire-fields.ts'

/**
 * Works with the vault: through the gateway when one answers, else by the same code on this computer. A gateway elsewhere that
 * does not answer, or one that refuses us, is a failure: then the vault here would be the wrong one.
 */
export async function withVault<T>(context: CommandContext, work: (vault: VaultDesk) => Promise<T>, options: Pick<OfflineVaultOptions, 'acceptOlder'> = {}): Promise<T> {
  const client = await context.gateway().catch((error: unknown) => {
    if (!(error instanceof Problem) || error.code !== 'gateway-unreachable') throw error
    const url = asText(error.details?.['url'])
    if (url !== undefined && !isLoopback(new URL(url).hostname)) throw error
    return undefined
  })
  if (client !== undefined) {
    if (options.acceptOlder === true) throw new Problem('vault-in-use', 'A gateway runs with this vault, so it is not an older one.', { next: 'Nothing needs to be done.' })
    return work(throughGateway(async (method, params) => asFields(await client.request(method, params, { timeoutMs: 60_000 }))))
  }
  const vault = await context.machine.offlineVault({ ...options, ...(context.terminal.interactive ? { passphrase: () => askSecret(context, 'Passphrase of the vault') } : {}) })
  try {
    return await work(vault)
  } finally {
    await vault.close()
  }
}

/** Values come from a person's keyboard, unseen, or from standard input: never from the command line, which other users can read. Undefined: they gave up. */
export async function askSecret(context: Pick<CommandContext, 'terminal'>, message: string): Promise<string | undefined> {
  const { terminal } = context
  if (terminal.interactive) return (await terminal.prompts()).secret({ message })
  // One line, as `echo` and `pass show` write it; a key of several lines keeps all but the last line end.
  const text = (await terminal.readInput()).replace(/\r?\n$/, '')
  return text === '' ? undefined : text
}

/** The same, twice, because nobody sees what they type. Throws `usage` when the two differ. */
export async function askNewPassphrase(context: Pick<CommandContext, 'terminal'>, message: string): Promise<string> {
  const first = await askSecret(context, message)
  if (first === undefined) throw new Problem('usage', 'No passphrase was given.', { next: 'Type it, or pass it on standard input.' })
  if (context.terminal.interactive && (await askSecret(context, 'Once more')) !== first) throw new Problem('usage', 'The two were not the same.', { next: 'Try again.' })
  return first
}

function throughGateway(request: (method: string, params: Fields) => Promise<Fields>): VaultDesk {
  const status = async (method: string, params: Fields = {}): Promise<VaultStatus> => (await request(method, params)) as unknown as VaultStatus
  return {
    status: () => status('vault.status'),
    list: async () => (await request('vault.list', {}))['secrets'] as SealedSecret[],
    set: async (name, value) => ({ version: Number((await request('vault.set', { name, value }))['version']) }),
    async reveal(name) {
      try {
        return asText((await request('vault.get', { name, reveal: true }))['value'])
      } catch (error) {
        if (error instanceof Problem && asText(asFields(error.details?.['facts'])['problem']) === 'vault-name-unknown') return undefined
        throw error
      }
    },
    remove: async (name) => (await request('vault.remove', { name }))['removed'] === true,
    importEnv: async () => (await request('vault.import', {})) as unknown as VaultImport,
    rotate: (target) => status('vault.rotate', target === undefined ? {} : { ...target }),
    lock: () => status('vault.lock'),
    unlock: (passphrase) => status('vault.unlock', passphrase === undefined ? {} : { passphrase }),
    doctor: async () => (await request('vault.doctor', {}))['findings'] as VaultFinding[],
    export: async (target) => asText((await request('vault.export', { ...target }))['age']) ?? '',
  }
}
