import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { callTool, fail, say } from '../fakes/model-servers/index.ts'
import { gatewayToken, startProcessWorld, type ProcessWorld } from '../support/process-world.ts'

let world: ProcessWorld
beforeAll(async () => {
  world = await startProcessWorld((request) => {
    const last = request.messages.at(-1)
    if (last?.role === 'tool') return [say('The note is there.')]
    if (request.lastUserText.includes('make a note')) return [callTool('write', { path: 'note.txt', text: 'noted' })]
    if (request.lastUserText.includes('refuse')) return [fail(401, 'invalid x-api-key', { type: 'authentication_error' })]
    return [say(`You said: ${request.lastUserText}`)]
  })
})
afterAll(() => world.close())

interface Ran { code: number; out: string; err: string }
const moltbot = (...args: string[]): Promise<Ran> => world.gateway.cli(args)
async function json(...args: string[]): Promise<Record<string, unknown>> {
  const { code, out, err } = await moltbot(...args, '--json')
  expect(err, args.join(' ')).toBe('')
  expect(code, out).toBe(0)
  return JSON.parse(out) as Record<string, unknown>
}

describe('the built command line and a running gateway', () => {
  it('looks: status, health, gateway status, channels, models', async () => {
    expect(await json('health')).toMatchObject({ ok: true, well: true })
    expect(await json('gateway', 'status')).toMatchObject({ running: true, url: expect.stringContaining(String(world.gateway.port)) })
    expect(await json('status')).toMatchObject({ gateway: expect.anything(), health: expect.anything(), channels: expect.anything() })
    expect(JSON.stringify(await json('channels', 'status'))).toContain('telegram')
    const { models } = await json('models', 'list')
    expect(JSON.stringify(models)).toContain('test-model')
    const words = await moltbot('status')
    expect(words.code).toBe(0)
    expect(words.out).toContain('test/test-model')
    expect(words.out).not.toContain('\u001B[')
    expect((await moltbot('channels', 'status', '--probe')).out).toMatch(/telegram/i)
  })

  it('talks: one message, from an argument or from standard input, with tools, as words and as JSON', async () => {
    const words = await moltbot('agent', '-m', 'hello there')
    expect(words).toMatchObject({ code: 0, out: 'You said: hello there\n' })
    expect(await world.gateway.cli(['agent', '-m', '-'], 'from a pipe\n')).toMatchObject({ code: 0, out: 'You said: from a pipe\n' })
    expect(await json('agent', '-m', 'make a note')).toMatchObject({ status: 'ok', text: 'The note is there.' })
    const failed = await moltbot('agent', '-m', 'refuse this')
    expect(failed.code).toBe(1)
    expect(failed.out + failed.err).toMatch(/key|refus|auth/i)
  })

  it('remembers: sessions, their history, and why', async () => {
    expect(JSON.stringify(await json('sessions'))).toContain('agent:main:main')
    const history = await json('sessions', 'show', 'main')
    expect(JSON.stringify(history)).toContain('You said: hello there')
    const shown = await moltbot('sessions', 'show', 'main')
    const id = /\bin-[0-9a-z]+/.exec(shown.out)?.[0]
    expect(id, shown.out).toBeDefined()
    const why = await moltbot('why', id ?? '')
    expect(why.out).toContain('hello there')
    expect(why.out).toMatch(/end: answered/)
    expect((await moltbot('why', 'in-there-is-none-such')).code).toBe(1)
  })

  it('keeps settings: get, set, unset, validate, the file keeps its comments and the gateway takes changes at once', async () => {
    const file = (await moltbot('config', 'file')).out.trim()
    expect(file).toBe(join(world.gateway.stateDir, 'moltbot.json'))
    expect((await moltbot('config', 'set', 'agents.defaults.timeoutSeconds', '123')).code).toBe(0)
    expect((await moltbot('config', 'get', 'agents.defaults.timeoutSeconds')).out.trim()).toBe('123')
    expect(await json('gateway', 'call', 'config.get')).toMatchObject({ config: { agents: { defaults: { timeoutSeconds: 123 } } } })
    expect((await moltbot('config', 'unset', 'agents.defaults.timeoutSeconds')).code).toBe(0)
    expect((await moltbot('config', 'get', 'agents.defaults.timeoutSeconds')).out.trim()).toBe('600')
    expect((await moltbot('config', 'validate')).code).toBe(0)
    const refused = await moltbot('config', 'set', 'agents.defaults.timeoutSeconds', 'soon')
    expect(refused.code).not.toBe(0)
    expect(refused.err).toMatch(/timeoutSeconds/)
    const whole = await moltbot('config', 'get')
    expect(whole.code).toBe(0)
    expect(whole.out).not.toContain(gatewayToken)
  })

  it('lets people in: pairing and devices', async () => {
    const { telegram } = world
    telegram.say(telegram.user(5005, { name: 'Nora' }), 'may I?')
    await telegram.nextSent((message) => message.chatId === 5005)
    const { requests } = await json('pairing', 'list') as { requests: { code: string; channel: string }[] }
    expect(requests).toHaveLength(1)
    expect((await moltbot('pairing', 'approve', 'telegram', (requests[0]?.code ?? '').toLowerCase())).out).toContain('Nora')
    telegram.say(telegram.user(5005), 'thank you')
    await telegram.nextSent((message) => message.chatId === 5005 && message.text === 'You said: thank you')
    expect((await moltbot('pairing', 'approve', 'telegram', 'ZZZZZZZZ')).code).toBe(1)
    expect(await json('devices', 'list')).toMatchObject({ pending: [], paired: expect.anything() })
    const sent = await json('message', 'send', '--channel', 'telegram', '--target', '5005', '-m', 'from the operator')
    expect(sent).toMatchObject({ channel: 'telegram' })
    expect(telegram.sent.at(-1)?.text).toBe('from the operator')
  })

  it('shows the log, without secrets', async () => {
    const { code, out } = await moltbot('logs', '-n', '500')
    expect(code).toBe(0)
    expect(out).toContain('The gateway is ready.')
    for (const secret of [gatewayToken, 'AAaaBBbbCCccDDddEEeeFFffGGggHHhhIIi', 'test-key']) expect(out).not.toContain(secret)
    const lines = (await moltbot('logs', '--json')).out.trim().split('\n')
    for (const line of lines) expect(() => JSON.parse(line) as unknown, line).not.toThrow()
  })

  it('says with its exit code what kind of trouble it was', async () => {
    expect((await moltbot('agnt')).code).toBe(2)
    expect((await moltbot('agent', '--no-such-flag')).code).toBe(2)
    expect((await moltbot('agent', '-m', '')).code).toBe(2)
    expect((await moltbot('health', '--token', 'wrong-token-wrong-token-wrong')).code).toBe(4)
    expect((await moltbot('health', '--url', 'ws://127.0.0.1:9')).code).toBe(3)
    const unreachable = await moltbot('health', '--url', 'ws://127.0.0.1:9')
    expect(unreachable.err).toMatch(/moltbot|start-moltbot/)
    expect((await moltbot('--help')).code).toBe(0)
    expect((await moltbot('--version')).out.trim()).toMatch(/^\d+\.\d+\.\d+/)
  })

  it.each(['bash', 'zsh', 'fish'])('completes in %s', async (shell) => {
    const { code, out } = await moltbot('completion', shell)
    expect(code).toBe(0)
    for (const word of ['pairing', 'sessions', 'gateway']) expect(out).toContain(word)
    if (shell !== 'bash') return
    const file = join(world.gateway.home, 'completion.bash')
    writeFileSync(file, out)
    const asked = spawnSync('bash', ['-c', `. "$1"; COMP_WORDS=(moltbot pair); COMP_CWORD=1; COMP_LINE='moltbot pair'; COMP_POINT=12; "$(complete -p moltbot | sed 's/.*-F \\([^ ]*\\).*/\\1/')"; printf '%s\\n' "\${COMPREPLY[@]}"`, 'bash', file], { encoding: 'utf8' })
    expect(asked.stdout, asked.stderr).toContain('pairing')
  })

  it('stops and is then unreachable', async () => {
    expect((await moltbot('gateway', 'stop')).code).toBe(0)
    const { code, err } = await moltbot('status')
    expect(code).toBe(3)
    expect(err).toMatch(/start it with/i)
    // Settings work without a gateway.
    expect((await moltbot('config', 'get', 'channels.telegram.dmPolicy')).out.trim()).toBe('pairing')
  })
})
