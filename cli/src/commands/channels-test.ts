import { Problem, defineCommand, exitCodes } from '@moltbot/contract'
import type { CommandContext, GatewayClient } from '@moltbot/contract'
import { findNetwork, networksOf, unnamedAccount } from '../channel-config.ts'
import type { Network } from '../channel-config.ts'
import { printableLine } from '../printable.ts'
import { asFields, asList, asNumber, asText } from '../wire-fields.ts'
import type { Fields } from '../wire-fields.ts'

export const channelsTest = defineCommand({
  name: 'channels test',
  summary: 'Make a round trip with one login of a network, and send a test message if wanted',
  topic: 'look',
  description: 'Exit code 1 and the one thing to do when it does not work.',
  args: {},
  flags: {
    channel: { kind: 'text', value: 'id', summary: 'The network' },
    account: { kind: 'text', value: 'name', summary: 'Which login of it, where there are several' },
    to: { kind: 'text', value: 'chat', summary: 'Also send a test message to this chat, the way every message goes' },
  },
  json: '{ok, channel, account, state, probe, delivery, failure, next}',
  examples: ['channels test --channel <id>', 'channels test --channel <id> --account family --to 123456'],
  async run({ flags }, context) {
    if (flags.channel === undefined) throw new Problem('usage', '"moltbot channels test" needs --channel.', { next: 'See: moltbot channels test --help' })
    const client = await context.gateway()
    const network = findNetwork(networksOf(asFields(asFields(await client.request('config.schema'))['schema'])), flags.channel)
    const status = asFields(await client.request('channels.status', { probe: true, channel: network.id }, { timeoutMs: 40_000 }))
    const account = flags.account ?? asText(asFields(status['channelDefaultAccountId'])[network.id]) ?? unnamedAccount
    const rows = asList(asFields(status['channelAccounts'])[network.id])
    const row = rows.find((each) => each['accountId'] === account)
    const trip = judge(network, account, row, rows)
    const sent = trip.failure === undefined && flags.to !== undefined ? await sendTest(context, client, network, account, flags.to) : undefined
    const failure = trip.failure ?? sent?.failure
    const ok = failure === undefined
    const next = failure === undefined ? null : trip.next ?? sent?.next ?? `Look at: moltbot channels logs --channel ${network.id}`
    const { paint } = context.terminal
    const name = `${network.label}${account === unnamedAccount ? '' : ` (${printableLine(account)})`}`
    context.report({ ok, channel: network.id, account, state: asText(row?.['state']) ?? null, probe: row?.['probe'] ?? null, delivery: sent?.delivery ?? null, failure: failure ?? null, next }, () => [
      ...(trip.proof === undefined ? [] : [`${paint.green('✓')} ${name}: ${trip.proof}`]),
      ...(sent?.proof === undefined ? [] : [`${paint.green('✓')} ${sent.proof}`]),
      ...(failure === undefined ? [] : [`${paint.red('✗')} ${name}: ${printableLine(failure)}`, `  ${printableLine(next ?? '')}`]),
    ])
    return ok ? exitCodes.ok : exitCodes.failed
  },
})

/** What came of one half: `proof` when it worked, else `failure` with the one thing to do. */
interface Outcome { proof?: string; failure?: string; next?: string }

function judge(network: Network, account: string, row: Fields | undefined, rows: readonly Fields[]): Outcome {
  const place = `--channel ${network.id}${account === unnamedAccount ? '' : ` --account ${account}`}`
  if (row === undefined && rows.length > 0) return { failure: 'there is no such account.', next: `There are: ${rows.map((each) => asText(each['accountId']) ?? '?').join(', ')}. Or set it up: moltbot channels add ${place}` }
  if (row === undefined || row['configured'] === false) return { failure: 'it is not set up, or switched off.', next: `Set it up: moltbot channels add ${place}` }
  if (row['enabled'] === false || row['state'] === 'off') return { failure: 'it is switched off.', next: `Switch it on: moltbot config set channels.${network.id}.enabled true` }
  const probe = row['probe'] === undefined ? undefined : asFields(row['probe'])
  const login = `moltbot channels login ${place}`
  if (row['state'] === 'needs-you') return { failure: asText(row['detail']) ?? asText(row['lastError']) ?? 'it needs you.', next: network.secrets.length === 0 ? `Link it again: ${login}` : `Once that is mended, or with a new token (moltbot channels add ${place} --force): moltbot channels test ${place}` }
  if (probe !== undefined && probe['ok'] !== true) return { failure: `the network did not answer as it should: ${asText(probe['error']) ?? asText(probe['text']) ?? 'no reason was given'}`, next: `See what it says: moltbot channels logs --channel ${network.id}` }
  if (row['connected'] !== true) return { failure: asText(row['lastError']) ?? 'it is not connected; the gateway goes on trying.', next: `See why: moltbot channels logs --channel ${network.id}` }
  const [words, elapsed] = [asText(probe?.['text']) ?? asText(row['detail']), asNumber(probe?.['elapsedMs'])]
  return { proof: probe === undefined ? `connected${words === undefined ? '' : ` as ${printableLine(words)}`}; it has no round trip of its own to ask for.` : `answered${words === undefined ? '' : ` as ${printableLine(words)}`}${elapsed === undefined ? '' : ` in ${elapsed} ms`}.` }
}

/** Through the outbox, like every message: `delivery` says what became of it. */
async function sendTest({ newId }: CommandContext, client: GatewayClient, network: Network, account: string, to: string): Promise<Outcome & { delivery: string }> {
  try {
    const answer = asFields(await client.request('send', { to, channel: network.id, accountId: account, message: 'A test message from your gateway: it can write here.', idempotencyKey: newId('test') }, { timeoutMs: 60_000 }))
    return { delivery: 'sent', proof: `A test message is in ${printableLine(to)}: sent, and the network confirmed it (message ${printableLine(asText(answer['messageId']) ?? '?')}).` }
  } catch (error) {
    if (!(error instanceof Problem) || error.code === 'gateway-lost') throw error
    if (error.code === 'request-timeout') return { delivery: 'queued', failure: 'the test message is queued; the network did not confirm it within 60 s.', next: `The gateway keeps it and may still send it. Look at: moltbot channels logs --channel ${network.id}` }
    const unsure = /may have arrived/i.test(error.next ?? '')
    return { delivery: unsure ? 'ambiguous' : 'failed', failure: `the test message ${unsure ? 'may have arrived, nobody knows' : 'was not sent'}: ${error.message}`, next: unsure ? 'Look into the chat before you send it again.' : `Check the chat's id, and that it wrote to this login before. Then: moltbot channels logs --channel ${network.id}` }
  }
}
