import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Secret, TOTP } from 'otpauth'
import { afterEach, expect, it } from 'vitest'
import { callTool, echoModel, say, waitFor } from '../fakes/model-servers/index.ts'
import { hungUp, ownedBy1001, personAt } from '../support/person.ts'
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts'

let at: TestGateway
afterEach(() => at.close())
const never = new Promise<void>(() => undefined)
const start = async (): Promise<void> => { at = await startTestGateway({ config: { ...ownedBy1001, messages: { queue: { mode: 'followup' } } } }) }
const modeOf = (path: string): number => statSync(path).mode & 0o777
const localCode = (): string => readFileSync(join(at.stateDir, 'resume-code'), 'utf8').trim()

it('ends what runs, keeps what waits and what was found, signs everybody out, and only the second factor ends it', async () => {
  await start()
  const olga = personAt(at, 1001)
  at.model.use(() => [say('Once upon a time '), waitFor(never)])
  const { rooms } = at.gateway
  await rooms.signIns.link()
  await olga.hand('tell me a story')
  await at.model.arrived(1)
  await olga.hand('and another')
  const client = await at.connect()
  const report = await client.request('panic')
  expect(report).toMatchObject({ again: false, turns: 1, waiting: 1, faults: [] })
  await hungUp(at.model.requests[0])
  expect(rooms.sessions.running()).toEqual([])

  const folder = String(report['incident'])
  const files = readdirSync(folder).sort()
  expect(files).toEqual(['README.md', 'audit-verify.json', 'audit.jsonl', 'browsers.json', 'channels.json', 'config.json', 'connected.json', 'devices.json', 'log-tail.txt', 'permissions.json', 'processes.json', 'running.json', 'security-audit.json'])
  expect([modeOf(join(at.stateDir, 'incidents')), modeOf(folder), ...files.map((file) => modeOf(join(folder, file)))].map((mode) => mode & 0o077)).toEqual(Array.from({ length: files.length + 2 }, () => 0))
  expect(JSON.parse(readFileSync(join(folder, 'running.json'), 'utf8'))).toMatchObject({ turns: [{ startedAt: expect.any(Number) }] })
  expect(JSON.parse(readFileSync(join(folder, 'audit-verify.json'), 'utf8'))).toMatchObject({ ok: true })
  expect(readFileSync(join(folder, 'audit.jsonl'), 'utf8')).toContain('panic.begun')
  for (const file of files) expect(readFileSync(join(folder, file), 'utf8')).not.toContain(at.token)

  // Again: no second folder, no second evidence.
  expect(await client.request('panic')).toMatchObject({ again: true, incident: folder })
  expect(readdirSync(join(at.stateDir, 'incidents'))).toHaveLength(1)

  // It lasts over a restart: the owner is told, nothing else happens.
  at.model.use(echoModel())
  const asked = at.model.requests.length
  await at.restart()
  await personAt(at, 1001).hand('hello?')
  await at.telegram.until(() => at.telegram.sent.some((message) => message.text.includes('Everything is stopped since')), 'the owner to be told')
  await personAt(at, 1001).hand('/compact')
  await at.telegram.until(() => at.telegram.sent.some((message) => message.text.includes('this is not done')), 'the command to be refused')
  expect(at.model.requests).toHaveLength(asked)
  await expect(at.gateway.rooms.egress?.test('https://example.org/', 'web', 'main' as never)).resolves.toMatchObject({ allowed: false, code: 'egress-off' })
  await expect((await at.connect()).request('pause')).rejects.toThrow('panic')

  // Not from the chat without an authenticator, not with a wrong code, not with the token alone.
  await personAt(at, 1001).hand(`/resume ${localCode()}`)
  await at.telegram.until(() => at.telegram.sent.some((message) => message.text.includes('only the machine itself')), 'the chat to be refused')
  const again = await at.connect()
  await expect(again.request('resume')).rejects.toThrow('code')
  await expect(again.request('resume', { code: 'AAAA-AAAA' })).rejects.toThrow('not right')
  expect(await again.request('resume.challenge')).toMatchObject({ factor: 'local', halt: { kind: 'panic' } })
  expect(modeOf(join(at.stateDir, 'resume-code'))).toBe(0o600)
  expect(await again.request('resume', { code: localCode() })).toMatchObject({ was: 'panic' })
  expect(existsSync(join(at.stateDir, 'resume-code'))).toBe(false)
  await at.quiet()
  expect(at.model.requests.slice(asked).map((request) => request.lastUserText).join(' ')).toContain('hello?')
})

it('five wrong codes and none is looked at for a while, not even the right one, also after a restart', async () => {
  await start()
  const client = await at.connect()
  await client.request('panic')
  for (let guess = 0; guess < 5; guess += 1) await expect(client.request('resume', { code: `AAAA-AAA${guess}` })).rejects.toThrow('not right')
  await expect(client.request('resume', { code: localCode() })).rejects.toThrow('too many')
  await at.restart()
  await expect((await at.connect()).request('resume', { code: localCode() })).rejects.toThrow('too many')
})

it('with an authenticator: from the chat, each code once, and the paper code when it is lost', async () => {
  await start()
  const olga = personAt(at, 1001)
  const client = await at.connect()
  await expect(client.request('panic.enroll')).rejects.toThrow('code')
  const { secret, recovery, uri } = await client.request('panic.enroll', { code: localCode() }) as { secret: string; recovery: string; uri: string }
  expect(uri).toMatch(/^otpauth:\/\/totp\/Moltbot/)
  const now = (): string => new TOTP({ secret: Secret.fromBase32(secret) }).generate()
  // The token alone does not lead to the secret.
  await expect(client.request('vault.get', { name: 'panic-authenticator', reveal: true })).rejects.toThrow()
  expect(JSON.stringify(await client.request('vault.list'))).not.toContain('panic-')

  expect(await olga.chat('/panic')).toContain('Everything is stopped')
  expect(existsSync(join(at.stateDir, 'resume-code'))).toBe(false)
  await expect((await at.connect()).request('panic.enroll', { code: now() })).rejects.toThrow('panic')
  const used = now()
  expect(await olga.chat(`/resume ${used}`)).toContain('allowed to run again')
  await olga.chat('/panic')
  expect(await olga.chat(`/resume ${used}`)).toContain('used before')
  const other = await at.connect()
  expect(await other.request('resume', { code: recovery })).toMatchObject({ was: 'panic' })
  // It was for the day the app is lost: both are gone.
  expect(await other.request('resume.challenge')).toMatchObject({ factor: 'local' })
})

it('asked for while no gateway ran, the next start begins with it', async () => {
  await start()
  await at.stop()
  writeFileSync(join(at.stateDir, 'panic-requested'), 'x', { mode: 0o600 })
  await at.start()
  expect(at.gateway.rooms.halt?.state()).toMatchObject({ kind: 'panic', via: 'offline', done: true })
  expect(existsSync(join(at.stateDir, 'panic-requested'))).toBe(false)
})

it('/stop tells what was done, what was stopped and what was never begun', async () => {
  await start()
  const olga = personAt(at, 1001)
  at.model.use((request) => (request.messages.some((message) => message.role === 'tool') ? [say('Half '), waitFor(never)] : [callTool('write', { path: 'a.txt', text: 'a' })]))
  await olga.hand('write it')
  await at.model.arrived(2)
  const said = await olga.chat('/stop')
  expect(said).toMatch(/Stopped\.[^]*Done before that[^]*write/)
})
