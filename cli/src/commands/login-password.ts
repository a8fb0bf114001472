import { defineCommand, exitCodes, Problem } from '@moltbot/contract'

export const loginPassword = defineCommand({
  name: 'login password',
  summary: 'Let people sign in with a password in place of the token',
  topic: 'people',
  description: 'Asks for the password, or reads it from standard input. Only its argon2id hash is kept. Browsers sign in again; programs on this computer keep using the token.',
  args: {},
  flags: {},
  json: '{ok}',
  async run(_, { gateway, report, terminal }) {
    const typed = terminal.interactive
      ? await (await terminal.prompts()).secret({ message: 'The new password', check: (value) => ([...value].length < 12 ? 'At least 12 characters, please.' : undefined) })
      : (await terminal.readInput()).replace(/\r?\n$/, '')
    if (typed === undefined) return exitCodes.interrupted
    if (typed === '') throw new Problem('usage', 'There was no password.', { next: 'Type it when asked, or send it: moltbot login password < file' })
    if (terminal.interactive) {
      const again = await (await terminal.prompts()).secret({ message: 'Once more' })
      if (again === undefined) return exitCodes.interrupted
      if (again !== typed) throw new Problem('usage', 'The two are not the same.', { next: 'Try again.' })
    }
    // Hashing takes a moment on a small machine, and the change ends this very connection: its answer may be the last thing we hear.
    const answer = await (await gateway()).request('auth.password.set', { password: typed }, { timeoutMs: 30_000 })
    report(answer, () => `${terminal.paint.green('✓')} The password is set; browsers sign in with it from now on.`)
    return exitCodes.ok
  },
})
