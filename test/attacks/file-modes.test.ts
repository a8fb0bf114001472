import { chmodSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { startGateway } from '../../gateway/src/main.ts'
import { callTool, inOrder, say } from '../fakes/model-servers/index.ts'
import { ownedBy1001, personAt } from '../support/person.ts'
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts'

let umask: number
let at: TestGateway | undefined
beforeEach(() => { umask = process.umask(0) })
afterEach(async () => {
  process.umask(umask)
  await at?.close()
  at = undefined
})

/** Everything below a folder that somebody else could read, change or pass through. */
function openToOthers(folder: string): string[] {
  const found: string[] = []
  const walk = (path: string): void => {
    const facts = lstatSync(path)
    if (facts.isSymbolicLink()) return
    if ((facts.mode & 0o077) !== 0 || facts.uid !== process.getuid?.()) found.push(`${relative(folder, path)} ${(facts.mode & 0o777).toString(8)}`)
    if (facts.isDirectory()) for (const name of readdirSync(path)) walk(join(path, name))
  }
  walk(folder)
  return found
}

it('C23: whatever the gateway makes is private to its user, though the process was started with umask 000', async () => {
  at = await startTestGateway({ config: { ...ownedBy1001, people: { profiles: {} }, channels: { telegram: { dmPolicy: 'open', allowFrom: ['*', 2002] } }, logging: { level: 'debug', maxSizeMb: 1 } } })
  const home = join(at.stateDir, '..')
  expect(openToOthers(home)).toEqual([])
  const owner = await at.connect()
  at.model.use(inOrder([callTool('write', { path: 'notes/deep/a.md', text: 'a' })], [say('Done.')]))
  await personAt(at, 1001).chat('make files')
  at.model.use(inOrder([callTool('write', { path: 'mine/b.md', text: 'b' })], [say('Done.')]))
  await personAt(at, 2002).chat('make files')
  await owner.request('security.audit')
  await owner.request('vault.set', { name: 'a-secret', value: 'value-of-a-secret' })
  await owner.request('vault.rotate', {})
  await owner.request('config.patch', { raw: '{ messages: { groupChat: { mentionPatterns: ["bot"] } } }', baseHash: (await owner.request('config.get'))['hash'] })
  await at.gateway.config.set('logging.consoleLevel', 'warn')
  for (let line = 0; line < 40; line += 1) at.gateway.rooms.log.info('x'.repeat(60_000))
  await owner.request('auth.token.rotate', { overlapHours: 1 })
  expect(openToOthers(home)).toEqual([])
  await at.restart()
  expect(openToOthers(home)).toEqual([])
})

it('C23: a copy that stood open is private again once it was written, and a start after a crash leaves nothing open', async () => {
  const home = mkdtempSync(join(tmpdir(), 'moltbot-modes-'))
  try {
    const stateDir = join(home, '.moltbot')
    mkdirSync(stateDir)
    writeFileSync(join(stateDir, 'moltbot.json'), '{ gateway: { port: 0 } }')
    chmodSync(join(stateDir, 'moltbot.json'), 0o644)
    chmodSync(stateDir, 0o777)
    const begin = () => startGateway({ stateDir, environment: {}, version: '0.0.0-test', uiDir: undefined, vaultKeyFile: join(home, 'keys', 'vault.key'), port: 0 })
    const gateway = await begin()
    await gateway.config.set('logging.level', 'debug')
    await gateway.close()
    // What a gateway that was killed while it wrote may have left.
    for (const name of ['moltbot.json.123.tmp', 'running.json']) writeFileSync(join(stateDir, name), '{}', { mode: 0o600 })
    await (await begin()).close()
    expect(openToOthers(home)).toEqual([])
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
})
