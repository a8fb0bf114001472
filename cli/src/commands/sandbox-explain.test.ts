import { expect, it } from 'vitest'
import { startFakeGateway } from '../testing/fake-gateway.ts'
import { runCommand } from '../testing/run-command.ts'

const facts = { backend: 'bwrap', available: true, reason: null, remedy: null, scope: 'agent', workspaceAccess: 'rw', network: 'none', promises: ['No network at all.'], weaker: ['It runs\u001b[2J as root.'], profile: 'abcdef0123456789ff' }

it('says what isolates and what is weaker, as lines or as facts', async () => {
  const gateway = await startFakeGateway({ token: 'T', methods: { 'sandbox.explain': facts } })
  const shown = await runCommand(['sandbox', 'explain'], { gateway })
  expect(shown.out).toContain('Commands run in bwrap.')
  expect(shown.out).toContain('• No network at all.')
  expect(shown.out).toContain('! It runs as root.')
  expect(shown.code).toBe(0)
  expect(JSON.parse((await runCommand(['sandbox', 'explain', '--json'], { gateway })).out)).toEqual(facts)
  await gateway.close()
})

it('names the one command that mends it, and fails', async () => {
  const gateway = await startFakeGateway({ token: 'T', methods: { 'sandbox.explain': { ...facts, available: false, reason: 'bubblewrap is not installed.', remedy: 'sudo apt-get install -y bubblewrap' } } })
  const shown = await runCommand(['sandbox', 'explain'], { gateway })
  expect(shown.out).toMatch(/Commands are not run\. bubblewrap is not installed\.\n.*sudo apt-get install -y bubblewrap/)
  expect(shown.code).toBe(1)
  await gateway.close()
})

it('says whether agents can have a browser, and what mends it where they cannot', async () => {
  const lacking = { available: false, reason: 'There is no Chromium on this machine.', remedy: 'sudo apt-get install -y chromium' }
  const gateway = await startFakeGateway({ token: 'T', methods: { 'sandbox.explain': { ...facts, browser: lacking } } })
  const shown = await runCommand(['sandbox', 'explain'], { gateway })
  expect(shown.out).toMatch(/Agents have no browser\. There is no Chromium on this machine\.\n.*sudo apt-get install -y chromium/)
  expect(shown.code).toBe(0)
  await gateway.close()
})
