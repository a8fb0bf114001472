import { testTool } from '@moltbot/contract/testing'
import { describe, expect, test } from 'vitest'
import { processes as commands } from './processes.ts'
import { memoryCommands } from './testing/memory-commands.ts'

testTool(commands, {
  examples: [{ action: 'poll', id: 'cmd-1', wait_ms: 10 }, { action: 'list' }, { action: 'log', id: 'cmd-1', offset: 0 }, { action: 'write', id: 'cmd-1', text: 'y', end: true }, { action: 'kill', id: 'cmd-1' }],
  grants: () => ({ commands: memoryCommands().grant }),
  refused: [{}, { action: 'signal', id: 'cmd-1' }, { action: 'poll', id: 'cmd-1', wait_ms: -1 }],
})

const use = async (input: Parameters<typeof commands.run>[0]) => {
  const memory = memoryCommands()
  const [part] = (await commands.run(input, { commands: memory.grant }, new AbortController().signal)).content
  return { text: part?.type === 'text' ? part.text : '', written: memory.written }
}

describe('process', () => {
  test('keys are what a terminal sends for them', async () => {
    expect((await use({ action: 'keys', id: 'cmd-1', keys: ['up', 'y', 'ctrl-c', 'Enter'] })).written).toEqual([{ id: 'cmd-1', text: '\u001b[Ay\u0003\r', end: false }])
    await expect(use({ action: 'keys', id: 'cmd-1', keys: ['hyper-q'] })).rejects.toThrow('no key called')
  })
  test('typing into a command counts as running code, looking does not', () => {
    expect(commands.effects({ action: 'write', id: 'cmd-1', text: 'rm -rf .\n' })).toEqual([{ kind: 'runs-code', what: 'rm -rf .\n' }])
    expect(commands.effects({ action: 'keys', id: 'cmd-1', keys: ['enter'] })).toEqual([{ kind: 'runs-code', what: 'enter' }])
    expect(commands.effects({ action: 'poll', id: 'cmd-1' }).map(({ kind }) => kind)).toEqual(['reads-private'])
  })
  test('everything but list needs to know which', async () => {
    await expect(use({ action: 'poll' })).rejects.toThrow('not said')
    await expect(use({ action: 'kill', id: 'other' })).rejects.toThrow('no command other')
  })
  test('EXE-21: the log shows escapes, it does not pass them on', async () => {
    expect((await use({ action: 'log', id: 'cmd-1' })).text).toBe('all\\u{1b}[31m of it\n[characters 0–12 of 12]')
  })
})
