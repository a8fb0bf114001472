import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startFakeGateway, WireError } from './testing/fake-gateway.ts'
import type { FakeGateway } from './testing/fake-gateway.ts'
import { runCommand } from './testing/run-command.ts'

let gateway: FakeGateway
beforeAll(async () => {
  gateway = await startFakeGateway({
    token: 'T',
    methods: {
      health: { ok: true },
      'models.status': () => {
        throw new WireError('FORBIDDEN', 'missing scope: operator.read')
      },
      why: () => {
        throw new WireError('INVALID_REQUEST', 'nothing is known under "x" Give the id of a message.', { problem: 'why-unknown' })
      },
      'models.set': () => {
        throw new WireError('INVALID_REQUEST', 'unknown model: x See models.list for the models of this gateway.')
      },
    },
  })
})
afterAll(() => gateway.close())

describe('exit codes are a promise', () => {
  it('0 when it worked', async () => {
    expect(await runCommand(['health'], { gateway })).toMatchObject({ code: 0, out: '● well\n', err: '' })
  })

  it('1 when it failed, with the gateway\'s own words', async () => {
    const run = await runCommand(['why', 'x'], { gateway })
    expect(run.code).toBe(1)
    expect(run.err).toContain('Nothing is known under "x"')
  })

  it('2 when the command line is wrong, and nothing was asked', async () => {
    const before = gateway.calls.length
    const run = await runCommand(['status', '--dep'], { gateway })
    expect(run).toMatchObject({ code: 2, out: '' })
    expect(run.err).toContain('Did you mean --deep?')
    expect(gateway.calls.length).toBe(before)
  })

  it('3 when no gateway answers, with the command that starts it', async () => {
    const run = await runCommand(['status'])
    expect(run.code).toBe(3)
    expect(run.err).toContain('it is not running')
    expect(run.err).toContain('Start it with: moltbot gateway run')
  })

  it('4 when the token is wrong', async () => {
    const run = await runCommand(['health', '--token', 'wrong'], { gateway })
    expect(run.code).toBe(4)
    expect(run.err).toContain('does not accept the token')
    expect(run.err).not.toContain('wrong\n')
  })

  it('4 when something is not allowed', async () => {
    expect((await runCommand(['models', 'status'], { gateway })).code).toBe(4)
  })
})

describe('--json', () => {
  it('prints failures as one document too', async () => {
    for (const words of [['status', '--json'], ['why', 'x', '--json'], ['nonsense', '--json']]) {
      const run = await runCommand(words, words[0] === 'why' ? { gateway } : {})
      const { ok, error } = JSON.parse(run.out) as { ok: boolean; error: { code: string; message: string } }
      expect(ok).toBe(false)
      expect(error.message).not.toBe('')
      expect(run.err).toBe('')
    }
    expect(JSON.parse((await runCommand(['why', 'x', '--json'], { gateway })).out)).toMatchObject({ error: { code: 'why-unknown' } })
  })
})

describe('help', () => {
  it('lists every command without loading one', async () => {
    const run = await runCommand(['--help'])
    expect(run.code).toBe(0)
    for (const word of ['gateway', 'onboard', 'chat', 'pairing', 'Exit codes']) expect(run.out).toContain(word)
    expect(run.out.split('\n').every((line) => line.length <= 80)).toBe(true)
  })

  it('explains groups and commands from their definitions', async () => {
    expect((await runCommand(['config'])).code).toBe(2)
    expect((await runCommand(['config', '--help'])).out).toContain('config validate')
    const help = await runCommand(['help', 'agent'])
    expect(help.out).toContain('-m, --message <text>')
    expect(help.out).toContain('off, minimal, low')
  })

  it('says its version', async () => {
    expect(await runCommand(['--version'])).toMatchObject({ code: 0, out: '1.2.3\n' })
  })
})

it('translates the names of methods into commands', async () => {
  expect((await runCommand(['models', 'set', 'x'], { gateway })).err).toContain('See: moltbot models list')
})
