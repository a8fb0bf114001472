import { Problem } from '@moltbot/contract'
import type { Machine } from '@moltbot/contract'
import { printableLine } from '../printable.ts'
import { asFields, asList, asText } from '../wire-fields.ts'
import type { Fields } from '../wire-fields.ts'
import { answered } from './answers.ts'
import type { Answers } from './answers.ts'
import { checkSecret } from './choose-model.ts'
import type { Link } from './link.ts'

interface Candidate { id: string; label: string; /** The setting that takes the token. */ secretKey: string; connected: boolean }

/**
 * Connects one messaging network that needs nothing but a token, or none. Resolves with its label. The token goes to
 * `secrets.env`; the network is switched on in the configuration and must answer one round trip.
 */
export async function connectChannel(link: Link, answers: Answers, machine: Machine): Promise<string | undefined> {
  let token = answers.flags.channelToken
  const candidates = await listCandidates(link)
  const connected = candidates.filter((candidate) => candidate.connected)
  for (const { label } of connected) answers.say(`${label} is connected already.`)
  const id = answers.flags.channel ?? answered(await answers.prompts?.select({
    message: connected.length > 0 ? 'Connect another network?' : 'Where else do you want to talk to it? (the page and the terminal always work)',
    initial: 'none',
    options: [{ value: 'none', label: 'Nowhere else for now' }, ...candidates.filter((candidate) => !candidate.connected).map(({ id: value, label }) => ({ value, label, hint: 'paste a bot token' }))],
  }))
  if (id === 'none') return connected[0]?.label
  const channel = candidates.find((candidate) => candidate.id === id)
  if (channel === undefined) throw new Problem('usage', `There is no network "${id}" that a token alone connects.`, { next: `Known are: ${candidates.map((candidate) => candidate.id).join(', ') || 'none'}, or "none".` })
  if (channel.connected && token === undefined) return channel.label
  for (;;) {
    if (token === undefined && answers.prompts === undefined) throw new Problem('usage', `Without questions, connecting ${channel.label} needs --channel-token.`, { next: 'See: moltbot onboard --help' })
    const value: string = token ?? answered(await answers.prompts?.secret({ message: `Paste the bot token for ${channel.label}`, check: checkSecret }))
    const failure = checkSecret(value) ?? (await tryToken(link, answers, machine, channel, value.trim()))
    if (failure === undefined) return channel.label
    if (answers.prompts === undefined) throw new Problem('channel-failed', `${channel.label} could not be connected: ${failure}`, { next: 'Check the token, then run moltbot onboard again.' })
    answers.say(`That did not work: ${failure}`)
    token = undefined
    if (answered(await answers.prompts.confirm({ message: 'Try another token?', initial: true })) === false) return undefined
  }
}

/** Undefined: connected. Else why not, in words. */
async function tryToken(link: Link, answers: Answers, machine: Machine, channel: Candidate, token: string): Promise<string | undefined> {
  const name = secretName(channel)
  const before = (await machine.readSecrets()).get(name)
  await machine.writeSecret(name, token)
  const done = answers.busy(`Connecting ${channel.label}…`)
  await patch(link, { channels: { [channel.id]: { enabled: true } } })
  const state = async (): Promise<Fields> => asFields(asList(asFields((await link.request('channels.status', { probe: true }))['channelAccounts'])[channel.id])[0])
  // A token that was there before and is replaced is only taken over by a restart or a reload; being configured alone proves nothing then.
  const settled = async (): Promise<boolean> => {
    const account = await state()
    return account['connected'] === true || (before === undefined && asText(account['lastError']) !== undefined)
  }
  if (!(await link.untilSeen(settled)) && (await state())['configured'] !== true) {
    await patch(link, { channels: { [channel.id]: { [channel.secretKey]: `\${${name}}` } } })
    await link.untilSeen(settled)
  }
  const account = await state()
  const words = asText(account['detail']) ?? asText(account['lastError']) ?? asText(asFields(account['probe'])['text'])
  if (account['connected'] === true) {
    done(`${channel.label} is connected${words === undefined ? '' : ` as ${printableLine(words)}`}.`)
    return undefined
  }
  done(`${channel.label} is not connected.`)
  return words === undefined ? 'the network does not answer.' : printableLine(words)
}

async function patch(link: Link, changes: Fields): Promise<void> {
  const { hash } = await link.request('config.get')
  await link.request('config.patch', { raw: JSON.stringify(changes), ...(typeof hash === 'string' ? { baseHash: hash } : {}) })
}

/** The networks that a bot token alone connects: those whose configuration has one. The status names only what is switched on, the schema all. */
async function listCandidates(link: Link): Promise<Candidate[]> {
  const [status, schema] = await Promise.all([link.request('channels.status'), link.request('config.schema')])
  const labels = asFields(status['channelLabels'])
  const accounts = asFields(status['channelAccounts'])
  const sections = asFields(asFields(asFields(asFields(schema['schema'])['properties'])['channels'])['properties'])
  return Object.entries(sections).flatMap(([id, section]) => {
    const properties = Object.keys(asFields(asFields(section)['properties']))
    const secretKey = properties.find((key) => /^bot_?token$/i.test(key)) ?? properties.find((key) => /^token$/i.test(key))
    if (secretKey === undefined) return []
    return [{ id, label: asText(labels[id]) ?? asText(asFields(section)['title'])?.split(/[,:(]/)[0]?.trim() ?? id, secretKey, connected: asList(accounts[id]).some((account) => account['connected'] === true) }]
  })
}

/** `botToken` of a network `x` is kept as `X_BOT_TOKEN`. */
function secretName(channel: Candidate): string {
  return `${channel.id}_${channel.secretKey.replace(/([a-z0-9])([A-Z])/g, '$1_$2')}`.toUpperCase().replace(/[^A-Z0-9_]/g, '_')
}
