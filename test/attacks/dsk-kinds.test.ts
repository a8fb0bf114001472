import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { examineStateFolder } from '../../gateway/src/foundation/platform/index.ts'
import { startGateway } from '../../gateway/src/main.ts'

const memory = '/dev/shm'
const inMemory = existsSync(memory) && process.platform === 'linux'
async function inFolder<T>(parent: string, work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(parent, 'moltbot-dsk-'))
  try {
    return await work(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

it('DSK-03: a state folder in memory, in the layer of a container or on a network is told of in words, an ordinary one is not, and nothing is left behind', async () => {
  const kinds: [string, number][] = [['memory', 0x01021994], ['container', 0x794c7630], ['network', 0x6969], ['network', 0xfe534d42], ['network', 0xff534d42 | 0]]
  await inFolder(tmpdir(), async (folder) => {
    for (const [word, type] of kinds) expect(await examineStateFolder(folder, { typeOf: async () => type, modeOf: async () => 0o600 })).toEqual([expect.stringContaining(word)])
    for (const type of [0xef53, 0x58465342, 0x9123683e, 0]) expect(await examineStateFolder(folder, { typeOf: async () => type, modeOf: async () => 0o600 })).toEqual([])
    expect(await examineStateFolder(folder, { typeOf: async () => { throw new Error('it does not say') }, modeOf: async () => 0o600 })).toEqual([])
    await examineStateFolder(folder)
    expect(readdirSync(folder)).toEqual([])
  })
})

it('DSK-03 twin: a file system that keeps no modes is refused; a look at its number alone would take it', async () => {
  await inFolder(tmpdir(), async (folder) => {
    await expect(examineStateFolder(folder, { typeOf: async () => 0x4d44, modeOf: async () => 0o777 })).rejects.toMatchObject({ code: 'state-folder-open' })
    expect(await examineStateFolder(folder, { typeOf: async () => 0x4d44, modeOf: async () => 0o600 })).toEqual([])
  })
})

// Only Linux has a folder in memory that everybody may use.
it.skipIf(!inMemory)('DSK-03: a gateway whose state is in memory starts, and its log says what that means', async () => {
  await inFolder(memory, async (folder) => {
    const gateway = await startGateway({ stateDir: join(folder, 'state'), environment: {}, version: '0.0.0-test', uiDir: undefined, vaultKeyFile: join(folder, 'vault.key'), port: 0 })
    await gateway.close()
    const logs = readdirSync(join(folder, 'state', 'logs')).map((name) => readFileSync(join(folder, 'state', 'logs', name), 'utf8')).join('')
    expect(logs).toContain('lies in memory')
  })
})
