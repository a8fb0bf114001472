import { execFile, spawn } from 'node:child_process'
import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { offlineConfig, offlineVault, sealedSecret } from '../../gateway/src/offline.ts'
import { projectRoot } from '../../scripts/source-tree.ts'
import { readIfThere } from '../support/read-if-there.ts'
import { createSpawnedGateway } from '../support/spawned-gateway.ts'
import { config, eachWithItsHome, home, look, put, state, token } from './ops-installation.ts'
import type { Ran } from './ops-installation.ts'

eachWithItsHome()

describe('OPS-05: a token is rotated whole or not at all', () => {
  const rotation = join(projectRoot, 'scripts', 'rotate-gateway-token.mjs')
  const rotate = (): Promise<Ran> => new Promise((resolve) => execFile(process.execPath, [rotation], { env: { PATH: process.env['PATH'] ?? '', HOME: home }, cwd: home }, (error, stdout, stderr) => resolve({ code: error === null ? 0 : Number(error.code), out: stdout + stderr })))

  it('comments stay, the old one is gone from the file, the new one is shown once and stands in no log or second file', async () => {
    put('moltbot.json', `{\n  // mine\n  gateway: { auth: { mode: "token", token: "${token}" } }, // the door\n}\n`)
    put('secrets.env', `# keys\nexport MOLTBOT_GATEWAY_TOKEN="${token}"\nexport A="b"\n`)
    const ran = await rotate()
    expect(ran.code, ran.out).toBe(0)
    const text = readFileSync(join(state, 'moltbot.json'), 'utf8')
    const fresh = /token: "([0-9a-f]{64})"/.exec(text)?.[1] ?? ''
    expect(fresh).not.toBe('')
    expect(text).toContain('// mine')
    expect(text).toContain('// the door')
    expect(text).not.toContain(token)
    expect(ran.out.split(fresh).length - 1).toBe(1)
    expect(ran.out).not.toContain(token)
    expect(readFileSync(join(state, 'secrets.env'), 'utf8')).toBe(`# keys\nexport MOLTBOT_GATEWAY_TOKEN="${fresh}"\nexport A="b"\n`)
    for (const name of readdirSync(state).filter((one) => statSync(join(state, one)).isFile())) expect(statSync(join(state, name)).mode & 0o077, name).toBe(0)
  })

  it('one that its owner keeps in the vault is made anew there, and stands in the clear nowhere', async () => {
    const vault = await offlineVault(state, {})
    await vault.set('GATEWAY', token)
    await vault.close()
    put('moltbot.json', '{ gateway: { auth: { mode: "token", token: "${secret:GATEWAY}" } } } // mine\n')
    put('secrets.env', "export CLAWDBOT_GATEWAY_TOKEN='${secret:GATEWAY}'\n")
    expect(await sealedSecret(state, 'GATEWAY')).toBe(token)
    const ran = await rotate()
    expect(ran.code, ran.out).toBe(0)
    const fresh = /^ {2}([0-9a-f]{64})$/m.exec(ran.out)?.[1] ?? 'none was shown'
    expect(fresh).not.toBe(token)
    expect(await sealedSecret(state, 'GATEWAY')).toBe(fresh)
    expect(await sealedSecret(state, 'ANOTHER')).toBeUndefined()
    expect(readFileSync(join(state, 'moltbot.json'), 'utf8')).toContain('token: "${secret:GATEWAY}" } } } // mine')
    expect(readFileSync(join(state, 'secrets.env'), 'utf8')).toBe("export CLAWDBOT_GATEWAY_TOKEN='${secret:GATEWAY}'\n")
    for (const name of readdirSync(state).filter((one) => statSync(join(state, one)).isFile())) expect(readFileSync(join(state, name), 'latin1'), name).not.toContain(fresh)
  })

  it('killed at any moment, the old or the new one stands there whole', async () => {
    const seen = new Set<string>()
    for (const after of [30, 120, 200, 260, 320, 380, 450, 550]) {
      put('moltbot.json', `{ gateway: { auth: { mode: "token", token: "${token}" } } }`)
      const child = spawn(process.execPath, [rotation], { env: { PATH: process.env['PATH'] ?? '', HOME: home }, cwd: home, stdio: 'ignore' })
      const gone = new Promise((resolve) => child.once('exit', resolve))
      await Promise.race([gone, new Promise((resolve) => setTimeout(resolve, after))])
      child.kill('SIGKILL')
      await gone
      const now = await offlineConfig(state)
      const found = /token: "([0-9a-f]{64})"/.exec(readFileSync(now.file, 'utf8'))?.[1]
      expect(found).toBeDefined()
      seen.add(found === token ? 'old' : 'new')
    }
    expect([...seen].every((one) => one === 'old' || one === 'new')).toBe(true)
  })
})

describe('OPS-06: secrets.env is data', () => {
  it.each([
    ['a command', 'export A="$(touch PWNED)"'], ['backticks', 'A=`touch PWNED`'], ['a variable', 'A="$HOME"'], ['two commands', 'A=1; touch PWNED'], ['a function', 'A() { touch PWNED; }'], ['no assignment', 'touch PWNED'], ['an unclosed quote', 'A="x'],
  ])('%s is not run, and the file is not used', async (_, line) => {
    config()
    put('secrets.env', `${line.replaceAll('PWNED', join(home, 'pwned'))}\n`)
    const review = await look()
    expect(review.findings.map((finding) => finding.check)).toContain('secrets.env_invalid')
    expect(existsSync(join(home, 'pwned'))).toBe(false)
  })

  it('the start script hands it to no shell', () => {
    for (const name of readdirSync(join(projectRoot, 'scripts')).filter((one) => one.endsWith('.sh'))) {
      const text = readFileSync(join(projectRoot, 'scripts', name), 'utf8')
      expect(text, name).not.toMatch(/(?:^|[;&|]\s*|\s)(?:\.|source|eval)\s+[^\n]*secrets\.env/)
    }
  })

  it('lines of Windows, quotes and exports are read', async () => {
    put('moltbot.json', '{gateway: {auth: {mode: "token"}}}')
    put('secrets.env', `# a note\r\nexport MOLTBOT_GATEWAY_TOKEN="${token}"\r\nB='$(not run)'\r\n`)
    expect((await look()).findings.filter((finding) => finding.severity === 'critical')).toEqual([])
  })

  it('one that others can change, or that belongs to somebody else, is refused', async () => {
    config()
    put('secrets.env', 'A="1"\n', 0o666)
    expect((await look()).findings.filter((finding) => finding.check === 'secrets.env_invalid').map((finding) => finding.evidence).join()).toMatch(/can be changed by others/)
  })
})

it('OPS-07: no secret stands in the environment or the arguments of the gateway, nor of what it starts', async () => {
  const canaries = { key: 'sk-ant-CANARY-51fb3a-one', bot: '123456789:CANARYtwo51fb3aAAbbCCddEEffGGhhIIj' }
  const at = await createSpawnedGateway({ gateway: { auth: { mode: 'token', token } }, channels: { telegram: { apiRoot: 'http://127.0.0.1:9' } } })
  try {
    writeFileSync(join(at.stateDir, 'secrets.env'), `export ANTHROPIC_API_KEY="${canaries.key}"\nexport TELEGRAM_BOT_TOKEN="${canaries.bot}"\n`, { mode: 0o600 })
    await at.start()
    const family = readdirSync('/proc').filter((name) => /^\d+$/.test(name)).filter((pid) => Number(pid) === at.pid || readIfThere(`/proc/${pid}/stat`).split(') ')[1]?.split(' ')[1] === String(at.pid))
    expect(readIfThere(`/proc/${at.pid}/cmdline`)).toContain('gateway')
    expect(family).toContain(String(at.pid))
    for (const pid of family) {
      const shown = readIfThere(`/proc/${pid}/environ`) + readIfThere(`/proc/${pid}/cmdline`)
      for (const secret of [...Object.values(canaries), token]) expect(shown.includes(secret), `process ${pid}`).toBe(false)
    }
  } finally {
    await at.stop()
    at.remove()
  }
})
