import { readFile } from 'node:fs/promises'
import { Problem } from '@moltbot/contract'
import type { CommandContext } from '@moltbot/contract'
import { asFields, asText } from './wire-fields.ts'

/** The second factor a gateway asks for: given, or typed by a person. The local code is shown, for it is on this machine: typing it proves that somebody reads. */
export async function proveOnMachine(context: Pick<CommandContext, 'gateway' | 'terminal'>, given: string | undefined): Promise<string> {
  if (given !== undefined && given !== '') return given
  const { terminal } = context
  const challenge = asFields(await (await context.gateway()).request('resume.challenge'))
  const file = asText(challenge['file'])
  if (challenge['factor'] === 'totp' || file === undefined) return typed(terminal, 'The six digits of your authenticator', 'Give them: --code 123456')
  let code = ''
  try {
    code = (await readFile(file, 'utf8')).trim()
  } catch {
    // A gateway elsewhere, or another user: only somebody there can read it.
    throw new Problem('halt-code-elsewhere', 'The code for this lies on the gateway\'s machine, where this command line cannot read it.', { next: `Read it there and give it: --code (from ${file})` })
  }
  return typed(terminal, `Type ${code} to go on`, `Give it: --code ${code}`)
}

async function typed(terminal: CommandContext['terminal'], message: string, next: string): Promise<string> {
  if (!terminal.interactive) throw new Problem('usage', 'This needs a code, and nobody is there to type it.', { next })
  const code = await (await terminal.prompts()).text({ message })
  if (code === undefined || code.trim() === '') throw new Problem('usage', 'Without the code nothing was changed.')
  return code.trim()
}
