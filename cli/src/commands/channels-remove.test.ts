import { expect, it } from 'vitest'
import { startFakeGateway } from '../testing/fake-gateway.ts'
import type { FakeCall, FakeGateway } from '../testing/fake-gateway.ts'
import { runCommand } from '../testing/run-command.ts'
import { sampleNetworks } from '../testing/sample-networks.ts'
import { scriptPrompts } from '../testing/scripted-prompts.ts'

const channels = { pigeon: { botToken: '${secret:PIGEON_BOT_TOKEN}', name: 'x', accounts: { home: { botToken: '${secret:PIGEON_HOME_BOT_TOKEN}' } } }, smoke: { enabled: true } }

async function gatewayWith(): Promise<{ gateway: FakeGateway; patches: unknown[] }> {
  const patches: unknown[] = []
  const gateway = await startFakeGateway({ token: 'T', methods: {
    'config.get': { path: '/state/moltbot.json', hash: 'h', parsed: { channels } }, 'config.schema': { schema: sampleNetworks },
    'config.patch': ({ params }: FakeCall) => void patches.push(JSON.parse(String(params['raw']))),
  } })
  return { gateway, patches }
}

it('switches off after a question, and not without an answer', async () => {
  const { gateway, patches } = await gatewayWith()
  const remove = ['channels', 'remove', '--channel', 'pigeon']
  expect((await runCommand(remove, { gateway })).code).toBe(2)
  const prompts = scriptPrompts([false, true])
  expect((await runCommand(remove, { gateway, interactive: true, prompts })).code).toBe(130)
  expect(patches).toEqual([])
  expect((await runCommand(remove, { gateway, interactive: true, prompts })).out).toContain('channels.pigeon.enabled true')
  expect(prompts.asked[0]).toBe('Switch Pigeon Post with home off?')
  expect(patches).toEqual([{ channels: { pigeon: { enabled: false } } }])
  await gateway.close()
})

it('takes an account or a network away and names the secrets that stay', async () => {
  const { gateway, patches } = await gatewayWith()
  expect((await runCommand(['channels', 'remove', '--channel', 'pigeon', '--account', 'home', '--delete', '--yes'], { gateway })).out).toContain('moltbot vault rm PIGEON_HOME_BOT_TOKEN')
  expect(patches.splice(0)).toEqual([{ channels: { pigeon: { accounts: { home: null } } } }])
  expect((await runCommand(['channels', 'remove', '--channel', 'smoke', '--delete', '-y'], { gateway })).code).toBe(0)
  expect(patches.splice(0)).toEqual([{ channels: { smoke: null } }])
  const whole = await runCommand(['channels', 'remove', '--channel', 'pigeon', '--delete', '-y', '--json'], { gateway })
  expect(JSON.parse(whole.out)).toMatchObject({ deleted: true, changed: true, secrets: ['PIGEON_BOT_TOKEN', 'PIGEON_HOME_BOT_TOKEN'] })
  // First the switch: a token of the environment must not open it in between.
  expect(patches).toEqual([{ channels: { pigeon: { enabled: false } } }, { channels: { pigeon: { botToken: null } } }, { channels: { pigeon: { name: null } } }, { channels: { pigeon: { accounts: null } } }])
  await gateway.close()
})

it.each([[[], 'needs --channel'], [['--channel', 'smok'], 'Did you mean "smoke"?'], [['--channel', 'pigeon', '--account', 'default'], 'the switch of all']])('refuses %j', async (words, said) => {
  const { gateway, patches } = await gatewayWith()
  expect(await runCommand(['channels', 'remove', ...words, '--yes'], { gateway })).toMatchObject({ code: 2, err: expect.stringContaining(said) as string })
  expect((await runCommand(['channels', 'remove', '--channel', 'pigeon', '--account', 'hme', '--yes'], { gateway })).err).toContain('There are: home.')
  expect(patches).toEqual([])
  await gateway.close()
})
