import { Problem, defineCommand, exitCodes } from '@moltbot/contract'
import { printableLine } from '../printable.ts'
import { asFields, asText } from '../wire-fields.ts'

export const messageSend = defineCommand({
  name: 'message send',
  summary: 'Send words to a chat, as they are, without the assistant',
  topic: 'talk',
  args: {},
  flags: {
    channel: { kind: 'text', value: 'id', summary: 'The network, like telegram' },
    target: { kind: 'text', short: 't', value: 'chat', summary: 'The chat\'s id on that network' },
    message: { kind: 'text', short: 'm', value: 'text', summary: 'What to send; "-" reads standard input' },
    account: { kind: 'text', value: 'id', summary: 'Which login of the network, where there are several' },
    key: { kind: 'text', value: 'key', summary: 'Sent at most once per key: repeat a send whose outcome is unknown with the same key' },
  },
  json: '{messageId, channel, chatId, key}',
  examples: ['message send --channel telegram --target 123456 -m "The kettle is on"'],
  async run({ flags }, { gateway, report, terminal, newId }) {
    const { channel, target } = flags
    const missing = Object.entries({ channel, target, message: flags.message }).filter(([, value]) => value === undefined).map(([name]) => `--${name}`)
    if (channel === undefined || target === undefined || flags.message === undefined) throw new Problem('usage', `"moltbot message send" needs ${missing.join(' and ')}.`, { next: 'See: moltbot message send --help' })
    const message = flags.message === '-' ? await terminal.readInput() : flags.message
    if (message.trim() === '') throw new Problem('usage', 'The message is empty.', { next: 'Say it with -m "…".' })
    const key = flags.key ?? newId('send')
    const client = await gateway()
    const sending = client.request('send', { to: target, message, channel, idempotencyKey: key, ...(flags.account === undefined ? {} : { accountId: flags.account }) }, { timeoutMs: 60_000 })
    const sent = asFields(await sending.catch((error: unknown) => {
      if (!(error instanceof Problem) || error.code !== 'request-timeout') throw error
      throw new Problem('send-unconfirmed', `${channel} did not confirm the message within 60 s; the gateway keeps it and may still send it.`, { next: `Look at: moltbot channels status. To be sure without sending twice, repeat it with --key ${key}`, cause: error })
    }))
    report({ ...sent, key }, () => `Sent to ${printableLine(target)} on ${printableLine(channel)} (message ${printableLine(asText(sent['messageId']) ?? '?')}).`)
    return exitCodes.ok
  },
})
