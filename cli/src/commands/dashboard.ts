import { defineCommand, exitCodes } from '@moltbot/contract'
import { signInLink } from '../sign-in-link.ts'

export const dashboard = defineCommand({
  name: 'dashboard',
  summary: 'Open the page, signed in',
  topic: 'start',
  description: 'Makes a link that signs one browser in, once, within ten minutes, and opens it. Without a screen, or with --no-open, the link is printed instead.',
  args: {},
  flags: { 'no-open': { kind: 'boolean', summary: 'Print the link and open nothing' } },
  json: '{url, expiresAtMs, opened}',
  async run({ flags }, { gateway, machine, report }) {
    const link = await signInLink(await gateway())
    const opened = !flags['no-open'] && await machine.openPage(link.url)
    // An opened link is used up: printing it would only leave it in the scrollback.
    report({ ...link, opened }, () => (opened ? ['The page opens in your browser.'] : [link.url, 'It opens once, within ten minutes.']))
    return exitCodes.ok
  },
})
