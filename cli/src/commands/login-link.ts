import { defineCommand, exitCodes } from '@moltbot/contract'
import { asFields, asText } from '../wire-fields.ts'

export const loginLink = defineCommand({
  name: 'login link',
  summary: 'A link that signs one browser in, once, within ten minutes',
  topic: 'people',
  args: {},
  flags: {},
  json: '{url, expiresAtMs}',
  async run(_, { gateway, report }) {
    const client = await gateway()
    const answer = asFields(await client.request('auth.link'))
    const at = new URL(client.url)
    at.protocol = at.protocol === 'wss:' ? 'https:' : 'http:'
    if (at.hostname === '127.0.0.1' || at.hostname === '[::1]') at.hostname = 'localhost'
    const base = asText(asFields(asFields(client.hello['snapshot'])['controlUi'])['basePath']) ?? ''
    const url = `${at.origin}${base}/?token=${asText(answer['token']) ?? ''}`
    report({ url, expiresAtMs: answer['expiresAtMs'] }, () => [url, 'It opens once. Paste it into the address bar of the browser.'])
    return exitCodes.ok
  },
})
