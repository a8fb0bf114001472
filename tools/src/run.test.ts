import { testTool } from '@moltbot/contract/testing'
import { describe, expect, test } from 'vitest'
import { run } from './run.ts'
import { memoryCommands } from './testing/memory-commands.ts'

testTool(run, {
  examples: [{ command: 'ls notes' }, { command: 'make test', workdir: 'src', env: { A: 'x' }, timeout: 60, yield_ms: 0, pty: true, input: true }],
  grants: () => ({ commands: memoryCommands().grant }),
  refused: [{}, { command: '' }, { command: 'ls', timeout: 0 }, { command: 'ls', env: { 'A B': '1' } }, { command: 'ls', approved: true }],
})

const use = async (input: Parameters<typeof run.run>[0], report = {}) => {
  const memory = memoryCommands(report)
  const result = await run.run(input, { commands: memory.grant }, new AbortController().signal)
  const [part] = result.content
  return { result, text: part?.type === 'text' ? part.text : '', asked: memory.asked }
}

describe('run', () => {
  test('says what was said and how it ended', async () => {
    expect((await use({ command: 'echo hello' })).text).toBe('hello\n[exit 0, 1.2 s]')
    expect((await use({ command: 'sleep 60' }, { state: { kind: 'running' }, endedAt: null, output: '' })).text).toBe('[still running as cmd-1; poll it with process]')
    expect((await use({ command: 'x' }, { output: '', putAside: [{ from: '.bashrc', to: 'from-command-1-bashrc' }] })).text).toContain('[.bashrc was put aside as from-command-1-bashrc')
  })

  test('a program that is not there, or was ended, is a failure; another exit code is an answer', async () => {
    expect((await use({ command: 'nope' }, { state: { kind: 'exited', code: 127 } })).result.isError).toBe(true)
    expect((await use({ command: 'sleep 9' }, { state: { kind: 'ended', by: 'timeout', why: 'it did not end within 1 s' } })).result.isError).toBe(true)
    expect((await use({ command: 'grep x y' }, { state: { kind: 'exited', code: 1 } })).result.isError).toBeUndefined()
  })

  test('what a command with a way out says taints the turn', async () => {
    expect((await use({ command: 'curl x' }, { network: true })).result.origin).toBe('external')
    expect((await use({ command: 'ls' })).result.origin).toBe('owner')
  })

  test('passes on what was asked, in the gateway\'s units', async () => {
    expect((await use({ command: 'ls', workdir: 'a', timeout: 2, yield_ms: 5, pty: true })).asked).toEqual([{ command: 'ls', cwd: 'a', timeoutMs: 2_000, yieldMs: 5, pty: true }])
  })

  test('EXE-12: its one line shows all of a long command', () => {
    const command = `echo ${'x'.repeat(5_000)}; rm -rf /`
    expect(run.summarize({ command })).toContain(command)
  })
})
