import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { startFakeGateway, WireError } from '../testing/fake-gateway.ts'
import type { FakeCall, FakeGateway, FakeMethods } from '../testing/fake-gateway.ts'
import { makeStateDir, runCommand } from '../testing/run-command.ts'
import type { CommandOptions } from '../testing/run-command.ts'
import { scriptPrompts } from '../testing/scripted-prompts.ts'

interface World { primary: string; keys: Set<string>; channelOn: boolean; broken: Set<string>; config: string[]; restarts: number; needsRestart: boolean }

/** A gateway whose models and one network appear when their secrets do. Secrets are read when it "starts", or at once when it reloads by itself. */
function world(changes: Partial<World> = {}): { state: World; methods: FakeMethods } {
  const state: World = { primary: 'builtin/assistant', keys: new Set(), channelOn: false, broken: new Set(), config: [], restarts: 0, needsRestart: false, ...changes }
  const model = (provider: string, id: string, available: boolean): object => ({ provider, id, name: id, available, credential: available ? 'set' : 'missing', tags: [] })
  return {
    state,
    methods: {
      'models.status': () => ({ primary: state.primary, fallbacks: [], why: 'nothing else is there' }),
      'models.list': () => ({ models: [{ ...model('builtin', 'assistant', true), credential: 'not-needed' }, model('ollama', 'llama3.2', true), model('anthropic', 'claude-x', state.keys.has('ANTHROPIC_API_KEY')), model('anthropic', 'claude-y', state.keys.has('ANTHROPIC_API_KEY'))] }),
      'models.set': ({ params }: FakeCall) => {
        state.primary = String(params['primary'])
        return { ok: true, primary: state.primary }
      },
      agent: ({ accept }: FakeCall) => {
        accept({ status: 'accepted' })
        if (state.broken.has(state.primary)) throw new WireError('UNAVAILABLE', 'invalid x-api-key')
        const [provider, name] = state.primary.split('/')
        return { status: 'ok', result: { payloads: [{ text: 'Hello, I am here.' }], meta: { agentMeta: { provider, model: name } } } }
      },
      'sessions.delete': { ok: true, deleted: true },
      'channels.status': () => ({
        channelOrder: ['web'], channelLabels: { web: 'Page' },
        channelAccounts: { web: [{ accountId: 'default', connected: true }], pigeon: [state.channelOn && state.keys.has('PIGEON_BOT_TOKEN') ? { accountId: 'default', configured: true, connected: true, detail: '@my_bot' } : { accountId: 'default', configured: false, connected: false }] },
      }),
      'config.schema': { schema: { properties: { channels: { properties: { web: { properties: { enabled: {} } }, pigeon: { title: 'Pigeon Post, by a bird of your own', properties: { webhookSecret: {}, botToken: {} } } } } } } },
      'config.get': { hash: 'h', config: {} },
      'config.patch': ({ params }: FakeCall) => {
        state.config.push(String(params['raw']))
        state.channelOn = true
        return { ok: true }
      },
      'gateway.restart': ({ gateway }: FakeCall) => {
        state.restarts += 1
        setImmediate(() => gateway.drop())
        return { ok: true }
      },
    },
  }
}

/** Runs with polling made short. */
async function onboarding(words: string[], options: CommandOptions & { gateway: FakeGateway }): ReturnType<typeof runCommand> {
  const clock = { now: () => performance.now() * 100, after: (delayMs: number, task: () => void) => {
    const timer = setTimeout(task, delayMs <= 500 ? delayMs / 100 : delayMs)
    return () => clearTimeout(timer)
  } }
  return runCommand(['onboard', ...words], { clock, ...options })
}

function learningFrom(methods: FakeMethods, state: World, secrets: () => Promise<string>): FakeMethods {
  const refreshing = (name: string): unknown => async (call: FakeCall) => {
    if (!state.needsRestart || state.restarts > 0) for (const match of (await secrets()).matchAll(/export (\w+)='/g)) state.keys.add(match[1] ?? '')
    const entry = methods[name]
    return typeof entry === 'function' ? (entry as (given: FakeCall) => unknown)(call) : entry
  }
  return { ...methods, 'models.list': refreshing('models.list'), 'channels.status': refreshing('channels.status') }
}

async function setUp(changes: Partial<World> = {}): Promise<{ state: World; gateway: FakeGateway; stateDir: string; secrets: () => Promise<string> }> {
  const stateDir = await makeStateDir()
  const { state, methods } = world(changes)
  const secrets = (): Promise<string> => readFile(join(stateDir, 'secrets.env'), 'utf8').catch(() => '')
  const gateway = await startFakeGateway({ token: 'T', methods: learningFrom(methods, state, secrets) })
  await writeFile(join(stateDir, 'moltbot.json'), JSON.stringify({ gateway: { port: gateway.port, auth: { token: 'T' } } }))
  return { state, gateway, stateDir, secrets }
}

describe('onboarding with a person', () => {
  it('adds a key, proves the model, connects a network and ends with an answer', async () => {
    const { state, gateway, stateDir, secrets } = await setUp()
    const prompts = scriptPrompts(['key:anthropic', 'sk-ant-1234567890', 'anthropic/claude-y', 'pigeon', '123:token-of-the-bot', 'Hi!'])
    const run = await onboarding([], { gateway, stateDir, interactive: true, prompts })
    expect(run.code).toBe(0)
    expect(state.primary).toBe('anthropic/claude-y')
    expect(await secrets()).toBe("export ANTHROPIC_API_KEY='sk-ant-1234567890'\nexport PIGEON_BOT_TOKEN='123:token-of-the-bot'\n")
    expect(state.config).toEqual(['{"channels":{"pigeon":{"enabled":true}}}'])
    expect(prompts.said).toEqual(expect.arrayContaining(['anthropic/claude-y answers.', 'Pigeon Post is connected as @my_bot.', 'Hello, I am here.', expect.stringContaining('Done: anthropic/claude-y answered.')]))
    expect(JSON.stringify([prompts.said, prompts.asked, run.out, run.err])).not.toContain('sk-ant-1234567890')
    expect(gateway.calls.filter((call) => call.method === 'sessions.delete')).toHaveLength(1)
    await gateway.close()
  })

  it('restarts the gateway when it does not see a new secret by itself', async () => {
    const { state, gateway, stateDir } = await setUp({ needsRestart: true })
    const run = await onboarding([], { gateway, stateDir, interactive: true, prompts: scriptPrompts(['key:anthropic', 'sk-ant-1234567890', 'anthropic/claude-x', 'none', 'Hi!']) })
    expect(run.code).toBe(0)
    expect(state.restarts).toBe(1)
    await gateway.close()
  })

  it('goes back when a model does not answer, and leaves the old one in place', async () => {
    const { state, gateway, stateDir } = await setUp({ broken: new Set(['ollama/llama3.2']) })
    const prompts = scriptPrompts(['model:ollama/llama3.2', 'keep', 'none', 'Hi!'])
    expect((await onboarding([], { gateway, stateDir, interactive: true, prompts })).code).toBe(0)
    expect(state.primary).toBe('builtin/assistant')
    expect(prompts.said.join('\n')).toContain('ollama/llama3.2 did not answer')
    await gateway.close()
  })

  it('can be left at any question without losing what was done', async () => {
    const { state, gateway, stateDir, secrets } = await setUp()
    const run = await onboarding([], { gateway, stateDir, interactive: true, prompts: scriptPrompts(['key:anthropic', 'sk-ant-1234567890', 'anthropic/claude-x', undefined]) })
    expect(run.code).toBe(130)
    expect(run.err).toContain('moltbot onboard')
    expect(await secrets()).toContain('ANTHROPIC_API_KEY')
    const again = scriptPrompts(['keep', 'none', 'Hi!'])
    expect((await onboarding([], { gateway, stateDir, interactive: true, prompts: again })).code).toBe(0)
    expect(state.primary).toBe('anthropic/claude-x')
    await gateway.close()
  })

  it('does not offer what is connected already', async () => {
    const { gateway, stateDir } = await setUp({ channelOn: true, keys: new Set(['PIGEON_BOT_TOKEN']) })
    const prompts = scriptPrompts(['keep', 'none', 'Hi!'])
    await onboarding([], { gateway, stateDir, interactive: true, prompts })
    expect(prompts.said).toContain('Pigeon Post is connected already.')
    expect(prompts.options[1]).toEqual(['none'])
    await gateway.close()
  })
})

describe('onboarding without questions', () => {
  it('lists every missing flag and does nothing', async () => {
    const { gateway, stateDir } = await setUp()
    const run = await onboarding(['--non-interactive'], { gateway, stateDir })
    expect(run.code).toBe(2)
    for (const flag of ['--model', '--provider', '--key', '--channel']) expect(run.err).toContain(flag)
    expect(gateway.connects).toEqual([])
    await gateway.close()
  })

  it('goes through with flags and secrets from standard input', async () => {
    const { gateway, stateDir, secrets } = await setUp()
    const run = await onboarding(['--non-interactive', '--provider', 'anthropic', '--key', '-', '--channel', 'pigeon', '--channel-token', '-', '--message', 'Hi', '--json'], { gateway, stateDir, input: 'sk-ant-1234567890\n123:token-of-the-bot\n' })
    expect(run.code).toBe(0)
    expect(JSON.parse(run.out)).toEqual({ model: 'anthropic/claude-x', channel: 'Pigeon Post', answer: 'Hello, I am here.', url: `http://127.0.0.1:${gateway.port}` })
    expect(await secrets()).toContain("PIGEON_BOT_TOKEN='123:token-of-the-bot'")
    await gateway.close()
  })

  it('fails when the model does not answer, and puts the old one back', async () => {
    const { state, gateway, stateDir } = await setUp({ broken: new Set(['ollama/llama3.2']) })
    const run = await onboarding(['--non-interactive', '--model', 'ollama/llama3.2', '--channel', 'none'], { gateway, stateDir })
    expect(run.code).toBe(1)
    expect(run.err).toContain('Invalid x-api-key')
    expect(state.primary).toBe('builtin/assistant')
    await gateway.close()
  })

  it('starts the gateway only when told to', async () => {
    expect((await runCommand(['onboard', '--non-interactive', '--model', 'keep', '--channel', 'none'])).code).toBe(3)
    const { gateway, stateDir } = await setUp()
    const { port } = gateway
    await gateway.close()
    let late: FakeGateway | undefined
    const run = await onboarding(['--non-interactive', '--start', '--model', 'keep', '--channel', 'none'], {
      gateway: { ...gateway, port }, stateDir,
      machine: { startGateway: async () => { late = await startFakeGateway({ token: 'T', methods: gateway.methods, port }) } },
    })
    expect(run.code).toBe(0)
    await late?.close()
  })
})
