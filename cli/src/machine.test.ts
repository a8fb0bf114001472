import { chmod, mkdtemp, readFile, readdir, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createMachine, defaultConfigFile, readConfigFile } from './machine.ts'

async function machineIn(stateDir: string, gatewayModule = join(stateDir, 'none.mjs')): Promise<ReturnType<typeof createMachine>> {
  return createMachine({ version: '1', stateDir, configFile: undefined, installation: stateDir, gatewayModule, nodePath: process.execPath })
}

const folder = (): Promise<string> => mkdtemp(join(tmpdir(), 'moltbot-machine-'))

describe('secrets.env', () => {
  it('is made with mode 600, edited in place and leaves nothing behind', async () => {
    const stateDir = join(await folder(), 'state')
    const machine = await machineIn(stateDir)
    expect([...(await machine.readSecrets())]).toEqual([])
    await machine.writeSecret('A_KEY', 'one')
    await chmod(join(stateDir, 'secrets.env'), 0o644)
    await writeFile(join(stateDir, 'secrets.env'), '# mine\nexport A_KEY=\'one\'\nexport B="2"\n')
    await machine.writeSecret('A_KEY', 'two')
    expect(await readFile(join(stateDir, 'secrets.env'), 'utf8')).toBe('# mine\nexport A_KEY=\'two\'\nexport B="2"\n')
    expect((await stat(join(stateDir, 'secrets.env'))).mode & 0o777).toBe(0o600)
    expect((await stat(stateDir)).mode & 0o777).toBe(0o700)
    expect(await readdir(stateDir)).toEqual(['secrets.env'])
  })

  it('is not written through a link', async () => {
    const stateDir = await folder()
    await writeFile(join(stateDir, 'elsewhere'), 'PRECIOUS=1')
    await symlink(join(stateDir, 'elsewhere'), join(stateDir, 'secrets.env'))
    await expect((await machineIn(stateDir)).writeSecret('A', 'b'.repeat(9))).rejects.toMatchObject({ code: 'file-not-plain' })
    expect(await readFile(join(stateDir, 'elsewhere'), 'utf8')).toBe('PRECIOUS=1')
  })
})

describe('the configuration file', () => {
  it('is read as JSON5, is empty when absent and named when broken', async () => {
    const stateDir = await folder()
    const file = join(stateDir, 'moltbot.json')
    expect(await readConfigFile(file)).toEqual({})
    await writeFile(file, '{ gateway: { port: 1, }, } // x')
    expect(await readConfigFile(file)).toEqual({ gateway: { port: 1 } })
    await writeFile(file, '{ gateway: ')
    await expect(readConfigFile(file)).rejects.toMatchObject({ code: 'config-unreadable' })
  })

  it('has an older name', async () => {
    const stateDir = await folder()
    expect(defaultConfigFile(stateDir)).toBe(join(stateDir, 'moltbot.json'))
    await writeFile(join(stateDir, 'config.json'), '{}')
    expect(defaultConfigFile(stateDir)).toBe(join(stateDir, 'config.json'))
  })
})

describe('the gateway module', () => {
  it('is loaded only when needed, and its absence is a sentence', async () => {
    const stateDir = await folder()
    await expect((await machineIn(stateDir)).runGateway({ force: false, verbose: false })).rejects.toMatchObject({ code: 'not-built', next: expect.stringContaining('npm run build') })
    const file = join(stateDir, 'gateway.mjs')
    await writeFile(file, 'export const runGateway = async (options) => options.port; export const offlineConfig = (dir) => ({ file: dir })')
    const machine = await machineIn(stateDir, file)
    expect(await machine.runGateway({ port: 42, force: false, verbose: false })).toBe(42)
    expect((await machine.offlineConfig()).file).toBe(stateDir)
  })
})
