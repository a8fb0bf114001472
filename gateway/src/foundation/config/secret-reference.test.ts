import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import Type from 'typebox'
import { Secret, defineSection } from '@moltbot/contract'
import { memoryLogger, realClock } from '@moltbot/contract/testing'
import { createConfig, type Config, type SecretCommandRun } from './index.ts'

const section = defineSection({
  path: 'room', title: 'A room', reload: 'hot', secrets: ['token'],
  schema: Type.Object({ token: Type.Optional(Type.String({ minLength: 4, description: 'Secret.' })), plain: Type.Optional(Type.String({ description: 'Not secret.' })) }),
})
let stateDir: string
let config: Config | undefined
let runs: SecretCommandRun[]
let heard: string[]
const environment: Record<string, string | undefined> = {}
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'references-'))
  runs = []
  heard = []
  for (const name of Object.keys(environment)) delete environment[name]
})
afterEach(async () => {
  await config?.close()
  rmSync(stateDir, { recursive: true })
})

async function open(text: Record<string, unknown>): Promise<Config> {
  writeFileSync(join(stateDir, 'moltbot.json'), JSON.stringify(text), { mode: 0o600 })
  config = await createConfig({
    stateDir, sections: [section], environment, clock: realClock, log: memoryLogger(), watch: false, onSecret: (value) => heard.push(value), onCommand: async (run) => void runs.push(run),
    secrets: { get: (name) => (name === 'SEALED' ? new Secret(name, 'canary-sealed') : undefined) },
  })
  return config
}
const token = async (): Promise<string | undefined> => (await config?.secrets.get('room.token'))?.open('test')
const errors = (): string[] => config?.snapshot().issues.filter(({ severity }) => severity === 'error').map(({ message }) => message) ?? []
function script(body: string, mode = 0o700): string {
  const file = join(stateDir, `program-${Math.abs(mode)}`)
  writeFileSync(file, `#!${process.execPath}\n${body}`, { mode })
  chmodSync(file, mode)
  return file
}

it('env: the variable, or an error that names it and no fallback', async () => {
  environment['A_TOKEN'] = 'canary-env'
  await open({ room: { token: { source: 'env', provider: 'default', id: 'A_TOKEN' } } })
  expect(errors()).toEqual([])
  expect(await token()).toBe('canary-env')
  expect(heard).toContain('canary-env')
  await config?.set('room.token', { source: 'env', id: 'B_TOKEN' }).catch((error: unknown) => expect(error).toMatchObject({ code: 'config-invalid' }))
  expect(JSON.stringify([config?.snapshot().effective, config?.get(section)])).not.toContain('canary')
})

it('store: the vault', async () => {
  await open({ room: { token: { source: 'store', id: 'SEALED' } } })
  expect(await token()).toBe('canary-sealed')
})

it('file: a JSON pointer or a single value, only when nobody else can read it', async () => {
  const file = join(stateDir, 'keys.json')
  writeFileSync(file, JSON.stringify({ a: { 'b/c': 'canary-file' } }), { mode: 0o600 })
  const room = { token: { source: 'file', provider: 'keys', id: '/a/b~1c' } }
  await open({ secrets: { providers: { keys: { source: 'file', path: file } } }, room })
  expect(await token()).toBe('canary-file')
  await config?.close()
  chmodSync(file, 0o644)
  await open({ secrets: { providers: { keys: { source: 'file', path: file } } }, room })
  expect(errors().join()).toContain('chmod 600')
  expect(await token()).toBeUndefined()
})

describe('exec', () => {
  const providers = (command: string, more: Record<string, unknown> = {}): Record<string, unknown> => ({ providers: { own: { source: 'exec', command, ...more } } })
  const room = { token: { source: 'exec', provider: 'own', id: 'team/token' } }

  it('a program is asked in JSON, with no environment but what is named, and that is recorded', async () => {
    environment['PASSED'] = 'yes'
    environment['KEPT_BACK'] = 'canary-environment'
    const program = script('let t="";process.stdin.on("data",d=>t+=d).on("end",()=>{const q=JSON.parse(t);console.log(JSON.stringify({protocolVersion:1,values:{[q.ids[0]]:"v-"+process.env.PASSED+"-"+process.env.KEPT_BACK+"-"+process.argv.length}}))})')
    await open({ secrets: providers(program, { passEnv: ['PASSED'] }), room })
    expect(await token()).toBe('v-yes-undefined-2')
    expect(runs).toMatchObject([{ ok: true, provider: 'own', id: 'team/token' }])
    expect(JSON.stringify(runs)).not.toContain('v-yes')
  })

  it('or with the id among its arguments, as pass and op are', async () => {
    await open({ secrets: providers(script('console.log("read:"+process.argv[3])'), { args: ['show', 'moltbot/{id}'] }), room })
    expect(await token()).toBe('read:moltbot/team/token')
  })

  it.each<[string, string, Record<string, unknown>, RegExp]>([
    ['one that hangs', 'setInterval(()=>{},1000)', { timeoutMs: 300 }, /300 ms/],
    ['one that floods', 'process.stdout.write("x".repeat(1e6))', { maxOutputBytes: 1_000 }, /1000 bytes/],
    ['one that fails', 'console.log("canary-half");process.exit(3)', {}, /ended with 3/],
    ['one that does not answer in JSON', 'console.log("canary-half")', {}, /JSON/],
  ])('%s gives nothing, and its words are not repeated', async (_what, body, more, reason) => {
    await open({ secrets: providers(script(body), more), room })
    expect(errors().join()).toMatch(reason)
    expect(errors().join()).not.toContain('canary-half')
    expect(config?.get(section)).toEqual({})
  })

  it('a program that others can change is not run', async () => {
    await open({ secrets: providers(script('console.log("never")', 0o722)), room })
    expect(errors().join()).toContain('chmod go-w')
    expect(runs).toEqual([])
  })

  it('no shell and no options: an id that could be one is refused', async () => {
    const program = script('console.log("never")')
    await open({ secrets: providers(program, { args: ['{id}'] }), room: { token: { source: 'exec', provider: 'own', id: '--help; id' } } })
    expect(errors().join()).toContain('another form')
    expect(runs).toEqual([])
  })

  it('the last good value stays when it fails later', async () => {
    const program = script('console.log("first-value")')
    await open({ secrets: providers(program, { args: ['{id}'] }), room })
    expect(await token()).toBe('first-value')
    writeFileSync(program, `#!${process.execPath}\nprocess.exit(1)`)
    await config?.reload({ force: true })
    expect(await token()).toBe('first-value')
    writeFileSync(program, `#!${process.execPath}\nconsole.log("second-value")`)
    await config?.reload({ force: true })
    expect(await token()).toBe('second-value')
  })
})

it('a reference at a key that holds no secret is only an object', async () => {
  environment['A_TOKEN'] = 'canary-env'
  await open({ room: { plain: { source: 'env', id: 'A_TOKEN' } } })
  expect(errors().join()).toContain('room.plain')
  expect(JSON.stringify(config?.snapshot())).not.toContain('canary-env')
})
