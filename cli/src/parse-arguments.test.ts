import { Problem, defineCommand } from '@moltbot/contract'
import { describe, expect, it } from 'vitest'
import { commands } from './commands/index.gen.ts'
import { parseCommandLine, routeWords } from './parse-arguments.ts'

const sample = defineCommand({
  name: 'sample run', summary: 'x', topic: 'shell',
  args: { what: { summary: 'What', required: true, choices: ['cat', 'dog'] }, rest: { summary: 'Rest', many: true } },
  flags: {
    count: { kind: 'number', short: 'n', value: 'count', summary: 'x', min: 1, max: 9 },
    name: { kind: 'text', value: 'name', summary: 'x' },
    mode: { kind: 'text', value: 'mode', summary: 'x', choices: ['fast', 'slow'] },
    loud: { kind: 'boolean', short: 'l', summary: 'x' },
  },
  run: async () => 0,
})

function problemOf(work: () => unknown): Problem {
  try {
    work()
  } catch (error) {
    if (error instanceof Problem) return error
    throw error
  }
  throw new Error('it was accepted')
}

describe('routeWords', () => {
  it.each([
    [['status'], 'status', []],
    [['status', '--deep'], 'status', ['--deep']],
    [['gateway'], 'gateway run', []],
    [['gateway', '--port', '1'], 'gateway run', ['--port', '1']],
    [['gateway', 'call', 'health'], 'gateway call', ['health']],
    [['--json', 'sessions'], 'sessions list', []],
    [['config', 'get', 'a', '--json'], 'config get', ['a']],
    [['help', 'config', 'get'], 'config get', []],
  ])('%j is %s', (words, name, rest) => {
    const route = routeWords(words, commands)
    expect(route).toMatchObject({ kind: 'command', rest })
    expect(route.kind === 'command' && route.entry.name).toBe(name)
  })

  it('shows help where no command was named', () => {
    expect(routeWords([], commands)).toMatchObject({ kind: 'help', group: undefined })
    expect(routeWords(['config'], commands)).toMatchObject({ kind: 'help', group: 'config' })
    expect(routeWords(['gateway', '--help'], commands)).toMatchObject({ kind: 'help', group: 'gateway' })
    expect(routeWords(['help', 'gateway'], commands)).toMatchObject({ kind: 'help', group: 'gateway' })
    expect(routeWords(['--version'], commands)).toMatchObject({ kind: 'version' })
  })

  it.each([
    [['stats'], 'Did you mean "status"?'],
    [['gatway', 'run'], 'Did you mean "gateway"?'],
    [['config', 'gte'], 'Did you mean "moltbot config get"?'],
    [['xyzzy'], 'There is no command "xyzzy".'],
    [['--wrong', 'status'], 'Unknown flag --wrong'],
    [['status', '--token'], '--token needs a value'],
  ])('%j is refused with the nearest thing', (words, sentence) => {
    const problem = problemOf(() => routeWords(words, commands))
    expect(problem.code).toBe('usage')
    expect(problem.message).toContain(sentence)
  })

  it('takes global flags anywhere, but not behind --', () => {
    expect(routeWords(['agent', '--url=ws://h:1', '-m', 'x', '--token', 't', '--', '--json'], commands)).toMatchObject({
      rest: ['-m', 'x', '--', '--json'], global: { url: 'ws://h:1', token: 't', json: false },
    })
  })
})

describe('parseCommandLine', () => {
  it('reads values, short names, = and --', () => {
    expect(parseCommandLine(sample, ['cat', '-n', '3', '--name=--odd', '-l', 'a', '--', '--b'])).toEqual({ args: { what: 'cat', rest: ['a', '--b'] }, flags: { count: 3, name: '--odd', mode: undefined, loud: true } })
    expect(parseCommandLine(sample, ['cat', '--name', '-'])).toMatchObject({ flags: { name: '-' } })
    expect(parseCommandLine(sample, ['cat', '--name', '-5'])).toMatchObject({ flags: { name: '-5' } })
  })

  it.each([
    [[], '<what>'],
    [['bird'], 'cat, dog'],
    [['cat', '--cuont', '2'], 'Did you mean --count?'],
    [['cat', '--count', 'x'], 'from 1 to 9'],
    [['cat', '--count', '10'], 'from 1 to 9'],
    [['cat', '--count', '1.5'], 'from 1 to 9'],
    [['cat', '--count'], '--count needs a value'],
    [['cat', '--name', '--loud'], '--name needs a value'],
    [['cat', '--loud=yes'], 'takes no value'],
    [['cat', '--mode', 'fsat'], 'Did you mean "fast"?'],
  ])('%j is refused: %s', (words, sentence) => {
    const problem = problemOf(() => parseCommandLine(sample, words))
    expect(problem.code).toBe('usage')
    expect(problem.message).toContain(sentence)
    expect(problem.next).toBeDefined()
  })
})

describe('every command of the shelf', () => {
  it.each(commands.map((entry) => [entry.name, entry] as const))('%s is what the index says and can be explained', async (name, entry) => {
    const command = await entry.load()
    expect(command).toMatchObject({ name, summary: entry.summary, topic: entry.topic })
    expect(command.groupDefault === true).toBe(entry.groupDefault)
    expect(command.summary).not.toMatch(/\.$/)
    for (const example of command.examples ?? []) expect(example.startsWith(name) || (entry.groupDefault && example.startsWith(name.split(' ')[0] ?? ''))).toBe(true)
    const shorts = Object.values(command.flags).flatMap((flag) => flag.short ?? [])
    expect(new Set(shorts).size).toBe(shorts.length)
  })
})
