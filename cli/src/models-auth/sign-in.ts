import { Problem, exitCodes } from '@moltbot/contract'
import type { CommandContext, ExitCode } from '@moltbot/contract'
import { printableLine } from '../printable.ts'
import { asFields, asText } from '../wire-fields.ts'
import type { Fields } from '../wire-fields.ts'

const waitMs = 30_000

/** Signs in with a provider: the gateway does it, and this shows what a person does. Throws `models-sign-in-failed`. */
export async function signIn(context: CommandContext, wish: { provider: string; profile?: string; way?: 'device' | 'browser' }, how: { json: boolean; paste: boolean }): Promise<ExitCode> {
  const { terminal } = context
  const client = await context.gateway()
  let answer = asFields(await client.request('models.auth.start', { ...wish }, { timeoutMs: 45_000 }))
  let shown = ''
  while (answer['state'] !== 'done' && answer['state'] !== 'failed') {
    const url = asText(answer['url'])
    const key = `${asText(answer['state']) ?? ''} ${url ?? ''}`
    if (key !== shown) {
      shown = key
      if (how.json) terminal.out(`${JSON.stringify(answer)}\n`)
      else if (answer['state'] === 'code') showCode(terminal, answer)
      if (answer['state'] === 'browser' && url !== undefined) {
        if (!how.json) terminal.note(`Open this address in your browser, and sign in:\n\n  ${printableLine(url)}\n`)
        const here = !how.paste && !how.json && terminal.interactive && (await context.machine.openPage(url))
        if (how.paste || (!here && !how.json && terminal.interactive)) {
          answer = asFields(await client.request('models.auth.paste', { provider: wish.provider, address: await askAddress(context) }, { timeoutMs: 45_000 }))
          continue
        }
      }
    }
    const changes = answer['changes']
    answer = asFields(await client.request('models.auth.wait', { provider: wish.provider, timeoutMs: waitMs, ...(typeof changes === 'number' ? { seen: changes } : {}) }, { timeoutMs: waitMs + 15_000 }))
  }
  if (answer['state'] === 'failed') throw new Problem('models-sign-in-failed', printableLine(asText(answer['message']) ?? 'Nobody was signed in.'))
  if (how.json) terminal.out(`${JSON.stringify(answer)}\n`)
  else context.report(answer, () => `${terminal.paint.green('✓')} ${printableLine(asText(answer['message']) ?? 'Signed in.')}`)
  return exitCodes.ok
}

function showCode(terminal: CommandContext['terminal'], answer: Fields): void {
  terminal.note(`Open this address on any device, and type the code:\n\n  ${printableLine(asText(answer['url']) ?? '')}\n\n    ${terminal.paint.bold(printableLine(asText(answer['code']) ?? ''))}\n`)
}

async function askAddress({ terminal }: CommandContext): Promise<string> {
  const message = 'When you are signed in and the browser shows that it cannot reach a page, paste that page\'s address here'
  const address = terminal.interactive ? await (await terminal.prompts()).text({ message }) : (await terminal.readInput()).trim()
  if (address === undefined || address.trim() === '') throw new Problem('usage', 'No address was given; nobody was signed in.', { next: 'Begin again, or use --device.' })
  return address.trim()
}
