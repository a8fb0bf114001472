import { expect, it } from 'vitest'
import { runCommand } from '../testing/run-command.ts'

it('prints a script for each shell without a gateway', async () => {
  for (const shell of ['bash', 'zsh', 'fish']) expect((await runCommand(['completion', shell])).out).toContain(`moltbot completion ${shell}`)
  expect((await runCommand(['completion', 'tcsh'])).code).toBe(2)
})
