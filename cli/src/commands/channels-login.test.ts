import { expect, it } from 'vitest'
import { startFakeGateway } from '../testing/fake-gateway.ts'
import { runCommand } from '../testing/run-command.ts'

it('draws what is to be scanned, and ends when the account is linked', async () => {
  const gateway = await startFakeGateway({ token: 'T', methods: {
    'web.login.start': { state: 'scan', connected: false, message: 'Scan this.', qr: 'words-of-the-code' },
    'web.login.wait': { state: 'done', connected: true, message: 'Pigeon is linked: +491.' },
  } })
  const run = await runCommand(['channels', 'login', '--channel', 'pigeon', '--account', 'work'], { gateway })
  expect(run).toMatchObject({ code: 0, out: 'Pigeon is linked: +491.\n' })
  expect(run.err).toContain('Scan this.')
  expect(run.err.split('\n').length).toBeGreaterThan(20)
  expect(run.err).not.toContain('words-of-the-code')
  expect(gateway.calls[0]?.params).toEqual({ channel: 'pigeon', accountId: 'work', force: true })
  await gateway.close()
})

it('shows a code to type, and says why it failed', async () => {
  const gateway = await startFakeGateway({ token: 'T', methods: {
    'web.login.start': { state: 'type', connected: false, message: 'Type this.', code: 'ABCD-EFGH' },
    'web.login.wait': { state: 'failed', connected: false, message: 'Nobody typed it in time. Begin the login again.' },
  } })
  const run = await runCommand(['channels', 'login', '--channel', 'pigeon', '--phone', '+4915112345678'], { gateway })
  expect(run.code).toBe(1)
  expect(run.err).toContain('ABCD-EFGH')
  expect(run.err).toContain('Nobody typed it in time.')
  expect(gateway.calls[0]?.params).toMatchObject({ phone: '+4915112345678' })
  await gateway.close()
})

it('needs a network', async () => {
  expect(await runCommand(['channels', 'login'])).toMatchObject({ code: 2 })
})
