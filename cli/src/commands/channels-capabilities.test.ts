import { expect, it } from 'vitest'
import { startFakeGateway } from '../testing/fake-gateway.ts'
import { runCommand } from '../testing/run-command.ts'
import { sampleChannels } from '../testing/sample-answers.ts'
import { sampleNetworks } from '../testing/sample-networks.ts'

it('a network nobody knows, or that is not set up, is said with what to do', async () => {
  const gateway = await startFakeGateway({ token: 'T', methods: { 'channels.status': { channelLabels: {}, channelAccounts: {} }, 'config.schema': { schema: sampleNetworks } } })
  const [unknown, off] = [await runCommand(['channels', 'capabilities', '--channel', 'pigeo'], { gateway }), await runCommand(['channels', 'capabilities', '--channel', 'pigeon'], { gateway })]
  expect([unknown.code, unknown.err.includes('Did you mean "pigeon"?')]).toEqual([2, true])
  expect([off.code, off.err.includes('Pigeon Post is not set up here.'), off.err.includes('moltbot channels add --channel pigeon')]).toEqual([1, true, true])
  await gateway.close()
})

it('says what an open account can do, in words, and which are not open', async () => {
  const status = sampleChannels(1)
  const accounts = status['channelAccounts'] as Record<string, Record<string, unknown>[]>
  Object.assign(accounts['pigeon']?.[0] ?? {}, { abilities: { can: ['edit', 'files', 'buttons', 'something-new'], textLengthMax: 4_096, fileBytesMax: 10_485_760, buttonsMax: 25 } })
  const gateway = await startFakeGateway({ token: 'T', methods: { 'channels.status': status } })
  const run = await runCommand(['channels', 'capabilities'], { gateway })
  expect(run.out.split('\n').slice(0, 7)).toEqual([
    'Pigeon Post:', '    messages of 4,096 characters', '    changes its messages', '    sends files (up to 10 MB)', '    offers answers to tap (up to 25)', '    something-new', 'Smoke Signals: not open',
  ])
  await gateway.close()
})
