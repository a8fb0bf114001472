import { expect, it } from 'vitest'
import { obedientModel } from '../fakes/model-servers/index.ts'
import { startTestGateway } from '../support/test-gateway.ts'

it('a tool taken from an agent is not offered to its model, and a model that calls it all the same gets nothing', async () => {
  const at = await startTestGateway({
    telegram: false, script: obedientModel(),
    config: { agents: { list: [{ id: 'main', default: true, tools: { deny: ['write', 'edit'] } }] } },
  })
  try {
    const client = await at.connect()
    await client.ask('```tool\n{"name":"write","input":{"path":"taken.txt","text":"x"}}\n```')
    const [first] = at.model.requests
    expect(first?.tools.map((tool) => tool.name)).not.toContain('write')
    expect(first?.tools.map((tool) => tool.name)).toContain('read')
    const last = at.model.requests.at(-1)
    expect(last?.messages.some((message) => message.role === 'tool' && /no tool "write"/.test(message.text))).toBe(true)
    expect(first?.system).not.toMatch(/Your tools:[^.]*write/)
  } finally {
    await at.close()
  }
})
