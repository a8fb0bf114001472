import { expect, it } from 'vitest'
import { fakeOffline } from '../testing/config-fixtures.ts'
import { startFakeGateway } from '../testing/fake-gateway.ts'
import type { FakeCall, FakeGateway } from '../testing/fake-gateway.ts'
import { runCommand } from '../testing/run-command.ts'
import { sampleNetworks } from '../testing/sample-networks.ts'
import { scriptPrompts } from '../testing/scripted-prompts.ts'
import { sealedMachine } from '../testing/sealed-machine.ts'

async function gatewayWith(channels: unknown, rows: unknown = []): Promise<{ gateway: FakeGateway; patches: unknown[] }> {
  const patches: unknown[] = []
  const gateway = await startFakeGateway({ token: 'T', methods: {
    'config.get': { path: '/state/moltbot.json', hash: 'h', parsed: { channels }, config: {}, issues: [], warnings: [] },
    'config.schema': { schema: sampleNetworks },
    'config.patch': ({ params }: FakeCall) => void patches.push(JSON.parse(String(params['raw']))),
    'channels.status': { channelAccounts: { pigeon: rows } },
    'vault.set': { ok: true, version: 1 },
  } })
  return { gateway, patches }
}

it('asks for the secrets this way of login needs, seals them, and writes only references', async () => {
  const { gateway, patches } = await gatewayWith({ pigeon: { dmPolicy: 'pairing' } })
  const prompts = scriptPrompts(['pigeon', 'canary-one', 'canary-two'])
  const run = await runCommand(['channels', 'add', '--name', 'My bird'], { gateway, interactive: true, prompts })
  expect(prompts.asked).toEqual(['Which network?', 'Pigeon Post: botToken (The bird’s own token)', 'Pigeon Post: appToken (A second one, for `mode: socket`)'])
  expect(prompts.options).toEqual([['pigeon', 'smoke']])
  expect(gateway.calls.filter(({ method }) => method === 'vault.set').map(({ params }) => params)).toEqual([{ name: 'PIGEON_BOT_TOKEN', value: 'canary-one' }, { name: 'PIGEON_APP_TOKEN', value: 'canary-two' }])
  expect(patches).toEqual([{ channels: { pigeon: { name: 'My bird', botToken: '${secret:PIGEON_BOT_TOKEN}', appToken: '${secret:PIGEON_APP_TOKEN}', enabled: true } } }])
  expect(run.code).toBe(0)
  expect(run.out).toContain('moltbot channels test --channel pigeon')
  expect(run.out + run.err).not.toContain('canary')
  await gateway.close()
})

it('takes them from flags and lines of standard input, for a named account, with settings that change what is needed', async () => {
  const { gateway, patches } = await gatewayWith({})
  const run = await runCommand(['channels', 'add', '--channel', 'pigeon', '--account', 'home', '--channel-token', 'canary-one', 'mode=http', 'webhookUrl=https://x.example', '--json'], { gateway, input: 'canary-two\ncanary-three\n' })
  expect(patches).toEqual([{ channels: { pigeon: { enabled: true, accounts: { home: {
    mode: 'http', webhookUrl: 'https://x.example', enabled: true, botToken: '${secret:PIGEON_HOME_BOT_TOKEN}', signingSecret: '${secret:PIGEON_HOME_SIGNING_SECRET}', webhookSecret: '${secret:PIGEON_HOME_WEBHOOK_SECRET}',
  } } } } }])
  expect(JSON.parse(run.out)).toMatchObject({ channel: 'pigeon', account: 'home', path: 'channels.pigeon.accounts.home', secrets: ['PIGEON_HOME_BOT_TOKEN', 'PIGEON_HOME_SIGNING_SECRET', 'PIGEON_HOME_WEBHOOK_SECRET'] })
  expect(run.out + run.err).not.toContain('canary')
  await gateway.close()
})

it('replaces no login unless forced: one of the file, one of the environment, one that is off', async () => {
  const add = ['channels', 'add', '--channel', 'pigeon', '--bot-token', 'canary-one', '--app-token', 'canary-two']
  for (const [channels, rows] of [[{ pigeon: { botToken: '***' } }, []], [{}, [{ accountId: 'default', enabled: true, configured: true }]], [{ pigeon: { enabled: false, botToken: '***' } }, []]] as const) {
    const { gateway, patches } = await gatewayWith(channels, rows)
    const run = await runCommand(add, { gateway })
    expect(run).toMatchObject({ code: 1, out: '' })
    expect(run.err).toContain('is set up already')
    expect([patches, gateway.calls.some(({ method }) => method === 'vault.set')]).toEqual([[], false])
    expect((await runCommand([...add, '--force'], { gateway })).code).toBe(0)
    expect(patches).toHaveLength(1)
    await gateway.close()
  }
})

it('says the nearest network, the settings there are, and that secrets do not stand on the line', async () => {
  const { gateway, patches } = await gatewayWith({ pigeon: { accounts: { 'a-b': { botToken: '***' } } } })
  for (const [words, said] of [
    [['--channel', 'pigoen'], 'Did you mean "pigeon"?'], [['--channel', 'bell'], 'no network "bell"'], [[], 'needs --channel'], [['--channel', 'pigeon', 'nmae=x'], 'Did you mean "name"?'],
    [['--channel', 'pigeon', 'botToken=x'], 'is a secret'], [['--channel', 'smoke', '--bot-token', 'x'], 'takes no --bot-token'], [['--channel', 'pigeon', '--account', 'a.b'], 'cannot name an account'],
    [['--channel', 'pigeon', '--account', 'a_b'], 'too like'], [['--channel', 'pigeon'], 'needs botToken and appToken'],
  ] as const) expect(await runCommand(['channels', 'add', ...words], { gateway })).toMatchObject({ code: 2, err: expect.stringContaining(said) as string })
  expect(patches).toEqual([])
  await gateway.close()
})

it('leads to the telephone where no secret is the login', async () => {
  const { gateway, patches } = await gatewayWith({})
  expect((await runCommand(['channels', 'add', '--channel', 'smoke'], { gateway })).out).toContain('moltbot channels login --channel smoke')
  expect(patches).toEqual([{ channels: { smoke: { enabled: true } } }])
  await gateway.close()
})

it('the telephone that is linked stays when a second one gets a name', async () => {
  const add = ['channels', 'add', '--channel', 'smoke', '--account', 'second']
  for (const [smoke, accounts] of [[{ enabled: true }, ['default', 'second']], [{ enabled: true, accounts: { first: {} } }, ['second']], [{}, ['second']]] as const) {
    const { gateway, patches } = await gatewayWith({ smoke })
    expect((await runCommand(add, { gateway })).code).toBe(0)
    expect(Object.keys((patches[0] as { channels: { smoke: { accounts: object } } }).channels.smoke.accounts)).toEqual(accounts)
    await gateway.close()
  }
})

it('who opens it to everybody is told what is missing', async () => {
  for (const [more, told] of [[[], true], [['allowFrom=["*"]'], false]] as const) {
    const { gateway } = await gatewayWith({})
    const run = await runCommand(['channels', 'add', '--channel', 'smoke', '--without-secret', 'dmPolicy=open', ...more], { gateway })
    expect([run.code, run.err.includes('lets nobody in by itself')]).toEqual([0, told])
    await gateway.close()
  }
})

it('works on the file and the vault themselves while no gateway runs', async () => {
  const { machine, vault } = await sealedMachine()
  const offline = { ...fakeOffline(), schema: async () => sampleNetworks }
  // What the configuration is opened with is what the vault held then: a reference to a newer secret would be refused.
  let known = false
  const offlineConfig = async (): Promise<typeof offline> => {
    known = vault.get('PIGEON_SIGNING_SECRET') !== undefined
    return offline
  }
  const run = await runCommand(['channels', 'add', '--channel', 'pigeon', 'mode=http'], { machine: { ...machine, offlineConfig }, input: 'canary-one\ncanary-two\n' })
  expect([run.code, known]).toEqual([0, true])
  expect(vault.get('PIGEON_SIGNING_SECRET')?.open('test')).toBe('canary-two')
  expect(offline.done).toEqual([
    ['set', 'channels.pigeon.mode', 'http'], ['set', 'channels.pigeon.botToken', '${secret:PIGEON_BOT_TOKEN}'], ['set', 'channels.pigeon.signingSecret', '${secret:PIGEON_SIGNING_SECRET}'], ['set', 'channels.pigeon.enabled', true],
  ])
  expect(run.out).toContain('Start the gateway')
})
