import { spawnSync } from 'node:child_process'
import { expect, it } from 'vitest'
import { commands } from './commands/index.gen.ts'
import { completionScript } from './completion-script.ts'
import { groups } from './groups.ts'

const definitions = await Promise.all(commands.map((entry) => entry.load()))

function complete(...words: string[]): string[] {
  const script = `${completionScript('bash', definitions, groups)}\nCOMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}; _moltbot; printf '%s\\n' "\${COMPREPLY[@]}"`
  const run = spawnSync('bash', ['--norc', '-c', script], { encoding: 'utf8' })
  expect(run.stderr).toBe('')
  return run.stdout.split('\n').filter((word) => word !== '')
}

it('completes in a real bash', () => {
  expect(complete('moltbot', 'ses')).toEqual(['sessions'])
  expect(complete('moltbot', 'gateway', '')).toEqual(expect.arrayContaining(['run', 'status', 'call']))
  expect(complete('moltbot', 'config', 'va')).toEqual(['validate'])
  expect(complete('moltbot', 'agent', '--thi')).toEqual(['--thinking'])
  expect(complete('moltbot', 'agent', '--thinking', 'm')).toEqual(['minimal', 'medium'])
  expect(complete('moltbot', 'completion', 'z')).toEqual(['zsh'])
  expect(complete('moltbot', 'gateway', 'run', '--bind', 'l')).toEqual(['loopback', 'lan'])
})

it.each(['zsh', 'fish'])('is valid %s and names every command', (shell) => {
  const script = completionScript(shell, definitions, groups)
  for (const word of ['onboard', 'pairing', 'validate', 'thinking']) expect(script).toContain(word)
  const check = spawnSync(shell, ['-n', '/dev/stdin'], { input: script, encoding: 'utf8' })
  // Where the shell is not installed its script can only be read, not tried.
  if (check.error === undefined) expect(check.stderr).toBe('')
})
