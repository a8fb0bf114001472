import { Problem, defineCommand, exitCodes } from '@moltbot/contract'
import type { CommandContext } from '@moltbot/contract'
import { accountPath, checkAccountName, findNetwork, networksOf, secretName, unnamedAccount, writeKeys, writtenSection } from '../channel-config.ts'
import type { Network } from '../channel-config.ts'
import { openConfig } from '../config-access.ts'
import { configValue } from '../config-value.ts'
import { nearestName } from '../nearest-name.ts'
import { withVault } from '../open-vault.ts'
import { printable, printableLine } from '../printable.ts'
import { asFields, asList, asText, asTexts } from '../wire-fields.ts'
import type { Fields } from '../wire-fields.ts'

/** Flags that name one secret setting. */
const secretFlags = { 'bot-token': 'botToken', 'app-token': 'appToken', 'signing-secret': 'signingSecret', 'password': 'password' } as const

export const channelsAdd = defineCommand({
  name: 'channels add',
  summary: 'Set up a login of a messaging network',
  topic: 'people',
  description: 'Asks for what the network needs and was not given. Tokens are typed unseen, or come one a line from standard input; they are sealed in the vault, and the configuration only refers to them. A value of "-" asks the same way; other values of a flag can be seen by other users of this computer. Works also while the gateway is not running.\n\n(--token is the gateway\'s own token, as everywhere; a network\'s is --channel-token.)',
  args: {
    settings: { summary: 'More of its settings, like dmPolicy=pairing', many: true },
  },
  flags: {
    'channel': { kind: 'text', value: 'id', summary: 'The network' },
    'account': { kind: 'text', value: 'name', summary: 'A name for a further login of the same network' },
    'name': { kind: 'text', value: 'words', summary: 'How status shows this login' },
    'channel-token': { kind: 'text', value: 'token', summary: 'The network\'s first secret, whatever it calls it' },
    'bot-token': { kind: 'text', value: 'token', summary: 'The bot\'s token' },
    'app-token': { kind: 'text', value: 'token', summary: 'The app\'s own token, where there is one' },
    'signing-secret': { kind: 'text', value: 'secret', summary: 'What deliveries are signed with, where they are' },
    'password': { kind: 'text', value: 'password', summary: 'The password of a server in between' },
    'without-secret': { kind: 'boolean', summary: 'Ask for none: the environment holds it, or this login needs none' },
    'force': { kind: 'boolean', summary: 'Replace a login that is there' },
  },
  json: '{channel, account, path, secrets, file, next}: secrets are names, never values',
  examples: ['channels add --channel <id>', 'channels add --channel <id> --account family --name "The family\'s bot"', 'channels add --channel <id> --bot-token - < token.txt', 'channels add --channel <id> --without-secret dmPolicy=allowlist'],
  async run({ args, flags }, context) {
    const { terminal } = context
    const config = await openConfig(context)
    const networks = networksOf(await config.schema())
    const network = findNetwork(networks, flags.channel ?? await askNetwork(context, networks))
    const account = flags.account ?? unnamedAccount
    checkAccountName(account)
    const settings = await readSettings(network, args.settings)
    const given = givenSecrets(network, flags)
    const section = await writtenSection(context, config, network.id)
    const path = accountPath(network.id, account, section)
    const there = path === `channels.${network.id}` ? section : asFields(asFields(section['accounts'])[account])
    if (!flags.force && (await isThere(context, network, account, there, config.through === 'gateway'))) {
      const off = section['enabled'] === false ? `channels.${network.id}` : there['enabled'] === false ? path : undefined
      throw new Problem('account-exists', `${network.label}${account === unnamedAccount ? '' : ` (${account})`} is set up already${off === undefined ? '' : ', and switched off'}; nothing was changed.`, {
        next: off === undefined ? 'Add a further login with --account <name>, or say --force to put this one in its place.' : `Switch it on with: moltbot config set ${off}.enabled true. Or say --force to put a new login in its place.`,
      })
    }
    // Two names that differ only in signs would share one secret.
    const twin = Object.keys(asFields(section['accounts'])).find((other) => other !== account && secretName(network.id, other, '') === secretName(network.id, account, ''))
    if (twin !== undefined) throw new Problem('usage', `"${account}" is too like the account "${printableLine(twin)}".`, { next: 'Take another name.' })

    const asked = flags['without-secret'] ? [] : neededSecrets(network, settings, there)
    const values = await gatherSecrets(context, network, [...new Set([...asked, ...given.keys()])], given)
    const names = new Map([...values.keys()].map((key) => [key, secretName(network.id, account, key)]))
    if (values.size > 0) {
      await withVault(context, async (vault) => {
        for (const [key, value] of values) await vault.set(names.get(key) ?? key, value)
      })
    }
    const references = Object.fromEntries([...names].map(([key, name]) => [key, `\${secret:${name}}`]))
    const written: Fields = { ...settings, ...(flags.name === undefined ? {} : { name: flags.name }), ...references, enabled: true }
    // Without a gateway the configuration knows the secrets there were when it was opened.
    const now = config.through === 'file' && values.size > 0 ? await openConfig(context) : config
    if (path === `channels.${network.id}`) await writeKeys(now, path, written)
    else {
      // A telephone that is linked stands nowhere in the file: once there are named logins, it has to be named as well.
      const stays = network.secrets.length === 0 && section['enabled'] === true && Object.keys(asFields(section['accounts'])).length === 0 ? { [unnamedAccount]: {} } : {}
      if (now.through === 'gateway') await now.set(`channels.${network.id}`, { enabled: true, accounts: { ...stays, [account]: written } })
      else {
        for (const name of Object.keys(stays)) await now.set(`channels.${network.id}.accounts.${name}`, {})
        await writeKeys(now, path, written)
        await now.set(`channels.${network.id}.enabled`, true)
      }
    }
    const everybody = { ...section, ...there, ...settings }
    if (everybody['dmPolicy'] === 'open' && !asTexts(everybody['allowFrom']).includes('*')) terminal.note(terminal.paint.yellow('dmPolicy=open lets nobody in by itself: whoever wants strangers to talk to it says allowFrom=["*"] as well.'))
    const warnings = (await now.validate()).filter((issue) => issue.path === path || issue.path.startsWith(`${path}.`)).map((issue) => printable(issue.message))
    for (const warning of warnings) terminal.note(terminal.paint.yellow(warning))
    const next = nextSteps(network, account, config.through === 'file' ? context.machine.startCommand : undefined)
    context.report({ channel: network.id, account, path, secrets: [...names.values()], file: config.file, warnings, next }, () => [
      `${terminal.paint.green('✓')} ${network.label}${account === unnamedAccount ? '' : ` (${account})`} is set up in ${config.file}.`,
      ...(names.size === 0 ? [] : [`Sealed in the vault: ${[...names.values()].join(', ')}.`]),
      'What comes next:', ...next.map((step) => `  ${step}`),
    ])
    return exitCodes.ok
  },
})

async function askNetwork({ terminal }: CommandContext, networks: readonly Network[]): Promise<string> {
  const ids = networks.map(({ id }) => id).toSorted().join(', ')
  if (!terminal.interactive) throw new Problem('usage', '"moltbot channels add" needs --channel.', { next: `Known are: ${ids}.` })
  const chosen = await (await terminal.prompts()).select({ message: 'Which network?', options: networks.map(({ id, label }) => ({ value: id, label })) })
  if (chosen === undefined) throw nothingChanged()
  return chosen
}

/** `key=value` words. Throws `usage` for keys the network does not have, and for secrets: the command line shows them. */
async function readSettings(network: Network, words: readonly string[]): Promise<Fields> {
  const settings: Fields = {}
  for (const word of words) {
    const at = word.indexOf('=')
    const key = at < 1 ? undefined : word.slice(0, at)
    if (key === undefined) throw new Problem('usage', `"${printableLine(word)}" is no setting.`, { next: 'Write it as key=value.' })
    if (!Object.hasOwn(network.settings, key) || key === 'accounts' || key === 'enabled') {
      const near = nearestName(key, Object.keys(network.settings))
      throw new Problem('usage', `${network.label} has no setting "${printableLine(key)}" to give here.${near === undefined || near === key ? '' : ` Did you mean "${near}"?`}`, { next: `See: moltbot config schema channels.${network.id}` })
    }
    if (network.secrets.includes(key)) throw new Problem('usage', `"${key}" is a secret and does not belong on the command line.`, { next: 'Leave it out: it is asked for, or read from standard input.' })
    settings[key] = await configValue(word.slice(at + 1), 'Correct it.')
  }
  return settings
}

/** What flags say of secrets, by setting. */
function givenSecrets(network: Network, flags: { [Name in keyof typeof secretFlags | 'channel-token']: string | undefined }): Map<string, string> {
  const given = new Map<string, string>()
  const [first] = network.secrets
  if (flags['channel-token'] !== undefined) {
    if (first === undefined) throw noSuchSecret(network, 'channel-token')
    given.set(first, flags['channel-token'])
  }
  for (const [flag, key] of Object.entries(secretFlags) as [keyof typeof secretFlags, string][]) {
    const value = flags[flag]
    if (value === undefined) continue
    // Some networks call the bot's token just `token`.
    const setting = network.secrets.includes(key) ? key : flag === 'bot-token' && first === 'token' ? first : undefined
    if (setting === undefined) throw noSuchSecret(network, flag)
    given.set(setting, value)
  }
  return given
}

function noSuchSecret(network: Network, flag: string): Problem {
  return new Problem('usage', `${network.label} takes no --${flag}.`, { next: network.secrets.length === 0 ? 'It is logged in by telephone: add it, then moltbot channels login.' : `Its secrets are: ${network.secrets.join(', ')}.` })
}

/**
 * The secrets without which a login does not stand: the first, those the schema wants "for `key: value`" where that is how the
 * setting is, and those "Required with" a setting that is given.
 */
function neededSecrets(network: Network, settings: Fields, there: Fields): string[] {
  return network.secrets.filter((key, index) => {
    const words = asText(asFields(network.settings[key])['description']) ?? ''
    const kind = /\bfor `(\w+): (\w+)`/.exec(words)
    if (kind?.[1] !== undefined) return (settings[kind[1]] ?? there[kind[1]] ?? asFields(network.settings[kind[1]])['default']) === kind[2]
    const beside = /\bRequired with `?(\w+)/.exec(words)?.[1]
    if (beside !== undefined) return (settings[beside] ?? there[beside]) !== undefined
    return index === 0
  })
}

/** Each from its flag, from the keyboard unseen, or from the next line of standard input. */
async function gatherSecrets({ terminal }: CommandContext, network: Network, keys: readonly string[], given: ReadonlyMap<string, string>): Promise<Map<string, string>> {
  const values = new Map<string, string>()
  const open = keys.filter((key) => (given.get(key) ?? '-') === '-')
  const lines = open.length === 0 || terminal.interactive ? [] : (await terminal.readInput()).split(/\r?\n/).map((line) => line.trim()).filter((line) => line !== '')
  if (!terminal.interactive && lines.length < open.length) throw new Problem('usage', `${network.label} needs ${open.slice(lines.length).join(' and ')}.`, { next: `Pass ${open.length === 1 ? 'it' : `${open.join(', ')} in this order, one a line,`} on standard input, or say --without-secret.` })
  for (const key of keys) {
    const flag = given.get(key)
    const value = open.includes(key) ? (terminal.interactive ? await askOne(terminal, network, key) : lines.shift()) : flag
    const trimmed = value?.trim() ?? ''
    if (trimmed === '') throw nothingChanged()
    values.set(key, trimmed)
  }
  return values
}

async function askOne(terminal: CommandContext['terminal'], network: Network, key: string): Promise<string | undefined> {
  const words = asText(asFields(network.settings[key])['description'])?.split(/(?<=\.)\s/)[0]
  return (await terminal.prompts()).secret({ message: `${network.label}: ${key}${words === undefined ? '' : ` (${printableLine(words).replace(/\.$/, '')})`}`, check: (typed) => (typed.trim() === '' ? 'Type or paste it; Ctrl-C leaves everything as it is.' : undefined) })
}

function nothingChanged(): Problem {
  return new Problem('interrupted', 'Nothing was given; nothing was changed.')
}

/** Whether a login stands there: in the file, or (the gateway knows) out of the environment. */
async function isThere(context: CommandContext, network: Network, account: string, there: Fields, running: boolean): Promise<boolean> {
  const [first] = network.secrets
  if (account !== unnamedAccount && Object.keys(there).length > 0) return true
  if (first === undefined) return there['enabled'] === true
  if (there[first] !== undefined) return true
  if (!running) return false
  const status = asFields(await (await context.gateway()).request('channels.status', { channel: network.id }))
  return asList(asFields(status['channelAccounts'])[network.id]).some((row) => row['accountId'] === account && row['enabled'] !== false && row['configured'] === true)
}

function nextSteps(network: Network, account: string, start: string | undefined): string[] {
  const place = `--channel ${network.id}${account === unnamedAccount ? '' : ` --account ${account}`}`
  return [
    ...(start === undefined ? [] : [`Start the gateway: ${start}`]),
    ...(network.secrets.length > 0 ? [] : [`Link the telephone: moltbot channels login ${place}`]),
    `See that it works: moltbot channels test ${place}`,
    'Write to it from your own account there; it answers with a code. Let yourself in with: moltbot pairing approve <code>',
  ]
}
