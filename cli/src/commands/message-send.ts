import { readFile, stat } from 'node:fs/promises'
import { basename } from 'node:path'
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
    media: { kind: 'text', value: 'file', summary: 'A file of this machine, or an http or https address, to send with or without words' },
    account: { kind: 'text', value: 'id', summary: 'Which login of the network, where there are several' },
    key: { kind: 'text', value: 'key', summary: 'Sent at most once per key: repeat a send whose outcome is unknown with the same key' },
  },
  json: '{messageId, channel, chatId, key}',
  examples: ['message send --channel telegram --target 123456 -m "The kettle is on"', 'message send --channel telegram --target 123456 --media report.pdf', 'message send --channel telegram --target 123456 --media https://example.org/cat.jpg'],
  async run({ flags }, { gateway, report, terminal, newId }) {
    const { channel, target } = flags
    const missing = Object.entries({ channel, target, message: flags.message ?? flags.media }).filter(([, value]) => value === undefined).map(([name]) => `--${name}`)
    if (channel === undefined || target === undefined || (flags.message === undefined && flags.media === undefined)) throw new Problem('usage', `"moltbot message send" needs ${missing.join(' and ')}.`, { next: 'See: moltbot message send --help' })
    const message = flags.message === '-' ? await terminal.readInput() : flags.message ?? ''
    if (message.trim() === '' && flags.media === undefined) throw new Problem('usage', 'The message is empty.', { next: 'Say it with -m "…".' })
    const key = flags.key ?? newId('send')
    const file = flags.media === undefined ? {} : /^https?:\/\//i.test(flags.media) ? { mediaUrl: flags.media } : await readMedia(flags.media)
    const client = await gateway()
    const sending = client.request('send', { to: target, ...(message === '' ? {} : { message }), ...file, channel, idempotencyKey: key, ...(flags.account === undefined ? {} : { accountId: flags.account }) }, { timeoutMs: 60_000 })
    const sent = asFields(await sending.catch((error: unknown) => {
      if (!(error instanceof Problem) || error.code !== 'request-timeout') throw error
      throw new Problem('send-unconfirmed', `${channel} did not confirm the message within 60 s; the gateway keeps it and may still send it.`, { next: `Look at: moltbot channels status. To be sure without sending twice, repeat it with --key ${key}`, cause: error })
    }))
    if (sent['filesLeftOut'] !== undefined) throw new Problem('media-left-out', `${printableLine(channel)} does not take this file; words that say so went instead.`, { next: 'Send it over another network, or a smaller one.' })
    report({ ...sent, key }, () => `Sent to ${printableLine(target)} on ${printableLine(channel)} (message ${printableLine(asText(sent['messageId']) ?? '?')}).`)
    return exitCodes.ok
  },
})

/** What goes over the line in one request, with room for base64 and the words. */
const mediaBytesMax = 18_000_000

async function readMedia(path: string): Promise<{ buffer: string; filename: string }> {
  try {
    const { size } = await stat(path)
    if (size > mediaBytesMax) throw new Problem('media-too-large', `${path} is larger than ${mediaBytesMax / 1_000_000} MB.`, { next: 'Put it into the workspace and ask the assistant to send it.' })
    return { buffer: (await readFile(path)).toString('base64'), filename: basename(path) }
  } catch (cause) {
    if (cause instanceof Problem) throw cause
    throw new Problem('media-unreadable', `${path} could not be read.`, { next: 'Check the path.', cause })
  }
}
