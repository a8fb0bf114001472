import { expect, it } from 'vitest'
import { startFakeGateway } from '../testing/fake-gateway.ts'
import { runCommand } from '../testing/run-command.ts'
import { sampleChannels } from '../testing/sample-answers.ts'

const methods = {
  health: { ok: true, inbox: { open: 1, stuck: 0, total: 7 }, outbox: { waiting: 0, ambiguous: 1, failed: 0 }, configOk: true },
  'channels.status': sampleChannels(Date.now()),
  'models.status': { primary: 'ollama/llama3.2', fallbacks: [], why: 'found on this computer' },
  'pairing.list': { requests: [{ channel: 'pigeon', code: 'AB2CD3EF' }] },
  'sessions.list': { sessions: [{ key: 'agent:main:main', derivedTitle: 'Shopping\u001b[2J list', updatedAt: Date.now() - 7_200_000 }] },
  'system-presence': [{ text: 'Gateway: box' }],
}

it('shows everything on one page of 80 columns', async () => {
  const gateway = await startFakeGateway({ token: 'T', methods })
  const run = await runCommand(['status'], { gateway })
  expect(run.code).toBe(0)
  for (const words of ['ollama/llama3.2 — found on this computer', '7 accepted, 1 in progress', '1 uncertain', 'Pigeon Post: connected', '1 person asks to talk', 'Shopping list', '2 h ago']) expect(run.out).toContain(words)
  expect(run.out).not.toContain('\u001b')
  expect(run.out.split('\n').filter((line) => line.length > 80)).toEqual([])
  expect(gateway.calls.map((call) => call.method)).not.toContain('system-presence')
  await gateway.close()
})

it('goes deep, and is one JSON document', async () => {
  const gateway = await startFakeGateway({ token: 'T', methods })
  const data = JSON.parse((await runCommand(['status', '--deep', '--json'], { gateway })).out) as Record<string, unknown>
  expect(Object.keys(data)).toEqual(['gateway', 'halt', 'health', 'channels', 'model', 'pairing', 'sessions', 'presence'])
  expect(gateway.calls).toContainEqual({ method: 'channels.status', params: { probe: true } })
  await gateway.close()
})

it('gets along with a gateway that lacks our own methods', async () => {
  const { 'models.status': _model, 'pairing.list': _pairing, ...older } = methods
  const gateway = await startFakeGateway({ token: 'T', protocol: 3, methods: older })
  expect((await runCommand(['status'], { gateway })).code).toBe(0)
  await gateway.close()
})
