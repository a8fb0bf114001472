import { spawn, type ChildProcess } from 'node:child_process'
import { createServer, type AddressInfo } from 'node:net'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { createConnector } from './connect.ts'
import { createMachine } from './machine.ts'
import { ownersOfPort } from './port-owner.ts'
import { makeStateDir, realClock } from './testing/run-command.ts'

const token = 'token-of-this-computer-0123456789'
const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

/** A program of somebody else that listens and says what it hears. */
async function somebodyElse(host: string): Promise<{ port: number; heard: () => string }> {
  const code = `require('node:net').createServer((socket) => { socket.on('data', (data) => process.stdout.write(data)).on('error', () => {}); socket.write('') }).listen(0, ${JSON.stringify(host)}, function () { process.stdout.write('port ' + this.address().port + '\\n') })`
  const child: ChildProcess = spawn(process.execPath, ['-e', code], { uid: 65_534, gid: 65_534, cwd: '/', env: {}, stdio: ['ignore', 'pipe', 'ignore'] })
  closing.push(() => child.kill())
  let heard = ''
  const port = await new Promise<number>((resolve, reject) => {
    child.once('error', reject)
    child.stdout?.on('data', (data: Buffer) => {
      heard += data.toString('latin1')
      const found = /port (\d+)\n/.exec(heard)?.[1]
      if (found !== undefined) resolve(Number(found))
    })
  })
  return { port, heard: () => heard }
}

async function connectorTo(port: number, environment: Record<string, string> = {}): Promise<ReturnType<typeof createConnector>> {
  const stateDir = await makeStateDir()
  await writeFile(join(stateDir, 'moltbot.json'), JSON.stringify({ gateway: { port, auth: { token } } }))
  await writeFile(join(stateDir, 'secrets.env'), `MOLTBOT_GATEWAY_TOKEN="${token}"\n`)
  const machine = createMachine({ version: '1', stateDir, configFile: undefined, installation: stateDir, gatewayModule: join(stateDir, 'none.mjs'), nodePath: process.execPath })
  return createConnector({ machine, environment, clock: realClock, platform: process.platform, user: process.getuid?.() ?? 0 })
}

// Elsewhere the system does not say it in a file.
describe.skipIf(process.platform !== 'linux')('who listens at a port', () => {
  it('is said for every way a loopback address is listened at, and is nobody where nobody listens', async () => {
    for (const host of ['127.0.0.1', '0.0.0.0', '::', '::1']) {
      const server = createServer()
      await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, host, () => resolve()))
      const { port } = server.address() as AddressInfo
      expect([host, await ownersOfPort(port)]).toEqual([host, [process.getuid?.()]])
      await new Promise((resolve) => server.close(resolve))
      expect(await ownersOfPort(port)).toEqual([])
    }
  })

  // Only root can become somebody else.
  it.skipIf(process.getuid?.() !== 0)('when it is somebody else while our gateway does not run, they hear no token of ours', async () => {
    for (const host of ['127.0.0.1', '::']) {
      const other = await somebodyElse(host)
      const connect = await connectorTo(other.port)
      await expect(connect({}, {})).rejects.toMatchObject({ code: 'gateway-foreign' })
      await expect(connect({ url: `ws://localhost:${other.port}` }, {})).rejects.toMatchObject({ code: 'gateway-foreign' })
      expect(other.heard()).not.toMatch(/GET |token-of/)
    }
  })

  // As above.
  it.skipIf(process.getuid?.() !== 0)('what was given for them is shown to them', async () => {
    const other = await somebodyElse('127.0.0.1')
    void (await connectorTo(other.port))({ token: 'given' }, {}).catch(() => undefined)
    await expect.poll(other.heard).toContain('GET ')
    expect(other.heard()).not.toContain(token)
  })
})
