import { Problem, defineCommand, exitCodes } from '@moltbot/contract'
import { printableLine } from '../printable.ts'
import { asFields, asText } from '../wire-fields.ts'

const waitMs = 30_000

export const channelsLogin = defineCommand({
  name: 'channels login',
  summary: 'Link an account by its telephone: scan a code shown here, or type one there',
  topic: 'people',
  description: 'For networks whose login is no token, like WhatsApp. The code on the screen changes by itself; an attempt is open for three minutes. What was linked before stays until the new link stands.',
  args: {},
  flags: {
    channel: { kind: 'text', value: 'id', summary: 'The network' },
    account: { kind: 'text', value: 'id', summary: 'Which account of the configuration, where there are several' },
    phone: { kind: 'text', value: 'number', summary: 'The number in international form: then a code to type is shown in place of one to scan' },
  },
  json: 'one line for each step: {state, message, qr, code, connected}',
  examples: ['channels login --channel whatsapp', 'channels login --channel whatsapp --phone +4915112345678'],
  async run({ flags, json }, { gateway, report, terminal }) {
    const { channel, account, phone } = flags
    if (channel === undefined) throw new Problem('usage', '"moltbot channels login" needs --channel.', { next: 'See: moltbot channels login --help' })
    const client = await gateway()
    const place = { channel, ...(account === undefined ? {} : { accountId: account }) }
    let shown = ''
    async function show(answer: Record<string, unknown>): Promise<void> {
      const [qr, code, message] = [asText(answer['qr']), asText(answer['code']), asText(answer['message']) ?? '']
      const key = `${asText(answer['state'])} ${qr ?? code ?? message}`
      if (key === shown) return
      shown = key
      if (json) return terminal.out(`${JSON.stringify({ ...answer, qrDataUrl: undefined })}\n`)
      if (qr !== undefined) terminal.note(await drawCode(qr))
      terminal.note(printableLine(message))
      if (code !== undefined) terminal.note(`\n    ${terminal.paint.bold(printableLine(code))}\n`)
    }
    let answer = asFields(await client.request('web.login.start', { ...place, force: true, ...(phone === undefined ? {} : { phone }) }, { timeoutMs: 45_000 }))
    while (answer['state'] !== 'done' && answer['state'] !== 'failed') {
      await show(answer)
      answer = asFields(await client.request('web.login.wait', { ...place, timeoutMs: waitMs, ...(typeof answer['changes'] === 'number' ? { seen: answer['changes'] } : {}) }, { timeoutMs: waitMs + 15_000 }))
    }
    if (answer['state'] === 'failed') throw new Problem('login-failed', asText(answer['message']) ?? 'The login failed.', { next: 'Begin it again.' })
    if (json) await show(answer)
    else report(answer, () => printableLine(asText(answer['message']) ?? 'Linked.'))
    return exitCodes.ok
  },
})

/** Dark on light whatever the terminal's colours are: telephones do not read the reverse. */
async function drawCode(text: string): Promise<string> {
  const { renderANSI } = await import('uqr')
  return renderANSI(text, { border: 2 })
}
