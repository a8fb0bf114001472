import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Problem } from '@moltbot/contract'
import { expect, it } from 'vitest'
import { startFakeGateway } from './testing/fake-gateway.ts'
import { makeStateDir, runCommand } from './testing/run-command.ts'

const broken = '{ gateway: { port: 1,\n auth: '

it('reaches the running gateway by what that goes by itself while the configuration is broken', async () => {
  const gateway = await startFakeGateway({ token: 'T', methods: { 'logs.tail': () => ({ lines: ['one line'] }) } })
  const stateDir = await makeStateDir()
  await writeFile(join(stateDir, 'moltbot.json'), broken)
  await writeFile(join(stateDir, 'moltbot.json.last-good'), `{ gateway: { port: ${gateway.port}, auth: { token: 'T' } } }`)
  expect(await runCommand(['logs', '--json'], { gateway, stateDir })).toMatchObject({ code: 0, err: '' })
  expect(gateway.calls).toHaveLength(1)
  await gateway.close()
})

it('reaches it also where a line of secrets.env is none', async () => {
  const gateway = await startFakeGateway({ token: 'T', methods: { 'logs.tail': () => ({ lines: [] }) } })
  const stateDir = await makeStateDir()
  await writeFile(join(stateDir, 'moltbot.json'), `{ gateway: { port: ${gateway.port}, auth: { token: 'T' } } }`)
  await writeFile(join(stateDir, 'secrets.env'), 'no assignment\n')
  expect(await runCommand(['logs'], { gateway, stateDir })).toMatchObject({ code: 0 })
  await gateway.close()
})

it('says that nobody answered and why it may be, when there is neither', async () => {
  const stateDir = await makeStateDir()
  await writeFile(join(stateDir, 'moltbot.json'), broken)
  await writeFile(join(stateDir, 'moltbot.json.last-good'), broken)
  const run = await runCommand(['status'], { stateDir, environment: { MOLTBOT_GATEWAY_PORT: '9' } })
  expect(run).toMatchObject({ code: 3, out: '' })
  expect(run.err).toMatch(/No gateway answers at ws:\/\/127\.0\.0\.1:9.*moltbot\.json cannot be read: .*\n {2}Correct the file; .*moltbot config validate/s)
})

it('looks at the file itself when nobody answers', async () => {
  const stateDir = await makeStateDir()
  await writeFile(join(stateDir, 'moltbot.json'), broken)
  const offline = { file: 'moltbot.json', get: async () => ({}), set: async () => {}, unset: async () => {}, validate: async () => [{ path: '', line: 2, column: 8, message: 'the text ends too soon', severity: 'error' as const }], schema: async () => ({}), testPolicy: async () => ({ file: '', fault: null, results: [] }) }
  const run = await runCommand(['config', 'validate'], { stateDir, offline, environment: { MOLTBOT_GATEWAY_PORT: '9' } })
  expect(run.code).toBe(1)
  expect(run.out).toContain('moltbot.json:2:8  the text ends too soon')
})

it('shows the gateway a token that is in the vault, in the configuration or in secrets.env', async () => {
  const gateway = await startFakeGateway({ token: 'T', methods: { 'logs.tail': () => ({ lines: [] }) } })
  const asked: string[] = []
  const machine = { sealedSecret: async (name: string) => { asked.push(name); return name === 'GATEWAY' ? 'T' : undefined } }
  for (const [file, text] of [['moltbot.json', `{ gateway: { port: ${gateway.port}, auth: { token: '\${secret:GATEWAY}' } } }`], ['secrets.env', "MOLTBOT_GATEWAY_TOKEN='${secret:GATEWAY}'\n"]] as const) {
    const stateDir = await makeStateDir()
    await writeFile(join(stateDir, 'moltbot.json'), `{ gateway: { port: ${gateway.port} } }`)
    await writeFile(join(stateDir, file), text)
    expect(await runCommand(['logs'], { gateway, stateDir, machine })).toMatchObject({ code: 0, err: '' })
    // What is given for this command alone is enough, and the vault stays as it is.
    expect(await runCommand(['logs', '--token', 'T'], { gateway, stateDir, machine })).toMatchObject({ code: 0 })
  }
  expect(asked).toEqual(['GATEWAY', 'GATEWAY'])
  await gateway.close()
})

it('says what to do where the vault with the token does not open', async () => {
  const gateway = await startFakeGateway({ token: 'T' })
  const stateDir = await makeStateDir()
  await writeFile(join(stateDir, 'moltbot.json'), `{ gateway: { port: ${gateway.port}, auth: { token: '\${secret:GATEWAY}' } } }`)
  const machine = { sealedSecret: () => Promise.reject(new Problem('vault-locked', 'The vault is locked.')) }
  const run = await runCommand(['logs'], { gateway, stateDir, machine })
  expect(run.code).not.toBe(0)
  expect(run.err).toMatch(/token is in the vault as GATEWAY.*The vault is locked\..*\n {2}Put the token into MOLTBOT_GATEWAY_TOKEN/s)
  await gateway.close()
})
