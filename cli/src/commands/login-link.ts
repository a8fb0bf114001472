import { defineCommand, exitCodes } from '@moltbot/contract'
import { signInLink } from '../sign-in-link.ts'

export const loginLink = defineCommand({
  name: 'login link',
  summary: 'A link that signs one browser in, once, within ten minutes',
  topic: 'people',
  args: {},
  flags: {},
  json: '{url, expiresAtMs}',
  async run(_, { gateway, report }) {
    const link = await signInLink(await gateway())
    report(link, () => [link.url, 'It opens once. Paste it into the address bar of the browser.'])
    return exitCodes.ok
  },
})
