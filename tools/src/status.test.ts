import type { StatusFacts } from '@moltbot/contract'
import { FakeClock, testTool } from '@moltbot/contract/testing'
import { expect, test } from 'vitest'
import { status } from './status.ts'

const facts: StatusFacts = {
  version: '0.1.0', uptimeMs: 3_720_000, model: 'p/m', session: 'agent:main:main', contextTokens: 900, contextWindow: 200_000, queue: 'steer',
  channels: [{ id: 'chat', account: 'default', state: 'connected' }, { id: 'chat', account: 'work', state: 'retrying' }], usageToday: { input: 10, output: 20, costUsd: null },
}
const grants = () => ({ status: { describe: async () => facts }, clock: new FakeClock() })

testTool(status, { examples: [{}], grants })

test('status tells the time and an unknown cost as unknown', async () => {
  const { content } = await status.run({}, grants(), new AbortController().signal)
  const text = content[0]?.type === 'text' ? content[0].text : ''
  expect(text).toContain('time: 2026-01-01T00:00Z')
  expect(text).toContain('up 1 h 2 min')
  expect(text).toContain('cost unknown')
  expect(text).toContain('channel chat/work: retrying')
})
