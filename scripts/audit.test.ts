import { execFile } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { builtCopy } from '../test/support/spawned-gateway.ts'
import { projectRoot } from './source-tree.ts'

let folder: string
let state: string
/** An installation of its own: the real scripts, and nothing built until a test says so. */
let root: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'moltbot-scripts-'))
  state = join(folder, 'state')
  root = join(folder, 'moltbot')
  mkdirSync(join(root, 'scripts'), { recursive: true })
  for (const name of ['audit-lines.sh', 'quick-audit.sh', 'security-audit.sh', 'judge-containers.mjs']) cpSync(join(projectRoot, 'scripts', name), join(root, 'scripts', name))
  mkdirSync(state, { mode: 0o700 })
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

interface Ran { code: number; out: string }

function run(script: string, environment: Record<string, string> = {}): Promise<Ran> {
  const { PATH = '', HOME = '' } = process.env
  return new Promise((resolve) => {
    execFile('bash', [join(root, 'scripts', script)], { cwd: folder, env: { PATH, HOME, MOLTBOT_STATE_DIR: state, XDG_CONFIG_HOME: join(folder, 'config'), NO_COLOR: '1', ...environment } }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), out: stdout + stderr })
    })
  })
}

function write(name: string, text: string, mode: number): void {
  writeFileSync(join(state, name), text)
  chmodSync(join(state, name), mode)
}

/** What is built, in its place. */
function build(): void {
  for (const part of ['bin', 'dist', 'package.json']) symlinkSync(join(builtCopy(), part), join(root, part))
}

/** A `docker` that answers as Docker Compose does for a file it has parsed. */
function dockerThatSays(services: object): Record<string, string> {
  const bin = join(folder, 'bin')
  mkdirSync(bin)
  writeFileSync(join(bin, 'docker'), `#!/bin/sh\ncase "$*" in *version*) exit 0 ;; *config*) cat <<'TXT'\n${JSON.stringify({ services })}\nTXT\n ;; esac\n`, { mode: 0o755 })
  writeFileSync(join(root, 'docker-compose.yml'), 'services: {}\n')
  return { PATH: `${bin}:${process.env['PATH'] ?? ''}` }
}

describe('the audit scripts before anything is built', () => {
  it('quick: a tidy state directory passes, also from another folder and where files are missing', async () => {
    write('moltbot.json', '{}', 0o600)
    const { code, out } = await run('quick-audit.sh')
    expect(out).toContain('✅ Only its owner can read the configuration')
    expect(out).toContain(`ℹ ${join(state, 'secrets.env')} is not there yet`)
    expect(out).not.toContain('✅ Only its owner can read secrets.env')
    expect(out).toContain('✅ Ports are bound to localhost')
    expect(out).toContain('✅ All critical checks passed')
    expect(code).toBe(0)
  })

  it.each([['moltbot.json', 0o644], ['secrets.env', 0o640], ['credentials', 0o755]])('quick: finds %s open to others', async (name, mode) => {
    if (name === 'credentials') mkdirSync(join(state, name))
    else write(name, '', mode)
    chmodSync(join(state, name), mode)
    const { code, out } = await run('quick-audit.sh')
    expect(out).toContain(`✗ ${join(state, name)} is open to others (mode ${mode.toString(8)}`)
    expect(code).toBe(1)
  })

  it('says which address other machines reach', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve))
    try {
      const { port } = server.address() as AddressInfo
      write('running.json', JSON.stringify({ port, pid: process.pid }), 0o600)
      const { code, out } = await run('quick-audit.sh')
      expect(out).toMatch(new RegExp(`✗ Other machines reach the port: (?:0\\.0\\.0\\.0|\\*):${port}`))
      expect(code).toBe(1)
    } finally {
      server.close()
    }
  })

  it('security-audit looks at version control', async () => {
    await new Promise<void>((resolve, reject) => execFile('git', ['init', '-q', root], (error) => (error === null ? resolve() : reject(error))))
    writeFileSync(join(root, 'secrets.env'), 'A=1')
    expect((await run('security-audit.sh')).out).toContain('⚠ Git does not ignore: secrets.env .env')
    writeFileSync(join(root, '.gitignore'), 'secrets.env\n.env\n')
    const ignored = await run('security-audit.sh')
    expect(ignored.out).toContain('✅ No secrets are under version control')
    expect(ignored.code).toBe(0)
    await new Promise<void>((resolve, reject) => execFile('git', ['-C', root, 'add', '-f', 'secrets.env'], (error) => (error === null ? resolve() : reject(error))))
    const tracked = await run('security-audit.sh')
    expect(tracked.out).toContain('✗ Under version control: secrets.env')
    expect(tracked.code).toBe(1)
  })
})

describe('containers', () => {
  it('well kept ones pass', async () => {
    const environment = dockerThatSays({ gateway: { user: '1000:1000', ports: [{ published: '18789', target: 18789, host_ip: '127.0.0.1' }], volumes: [{ type: 'bind', source: '/home/ana/.moltbot' }] } })
    const { code, out } = await run('quick-audit.sh', environment)
    expect(out).toContain('✅ Ports of containers are bound to localhost')
    expect(out).toContain('✅ No container can command Docker')
    expect(out).not.toMatch(/[✗⚠]/)
    expect(code).toBe(0)
  })

  it.each([
    ['a port for everybody', { ports: [{ published: '18789', target: 18789 }] }, 'gateway publishes every address:18789'],
    ['a port on the network', { ports: [{ published: '18789', host_ip: '0.0.0.0' }] }, 'gateway publishes 0.0.0.0:18789'],
    ['the host’s network', { network_mode: 'host' }, 'uses the network of the host'],
    ['the Docker socket', { volumes: [{ type: 'bind', source: '/var/run/docker.sock' }] }, 'that is root on this machine'],
    ['the whole disk', { volumes: [{ type: 'bind', source: '/' }] }, 'gateway has / of this machine'],
    ['privileges', { privileged: true }, 'gateway is privileged'],
    ['a capability', { cap_add: ['CAP_SYS_ADMIN'] }, 'gateway may CAP_SYS_ADMIN'],
    ['no seccomp', { security_opt: ['seccomp:unconfined'] }, 'seccomp:unconfined'],
  ])('finds %s', async (_, service, sentence) => {
    const { code, out } = await run('quick-audit.sh', dockerThatSays({ gateway: { user: '1000', ...service } }))
    expect(out).toContain(sentence)
    expect(code).toBe(1)
  })
})

describe('the audit scripts with the program', () => {
  it('give its findings and end with its verdict', async () => {
    build()
    write('moltbot.json', '{ gateway: { bind: "lan", auth: { token: "5f0c9e1b7a3d48264be1906df7c2a85d93e470b6182fca5d0e9b37641cd8a2f5" } } }', 0o600)
    const { code, out } = await run('quick-audit.sh')
    expect(out).toContain('gateway.bind_no_tls')
    expect(out).toContain('✅ Logs hide whatever looks like a credential')
    expect(code).toBe(1)
    write('moltbot.json', '{ gateway: { auth: { token: "5f0c9e1b7a3d48264be1906df7c2a85d93e470b6182fca5d0e9b37641cd8a2f5" } } }', 0o600)
    const mended = await run('quick-audit.sh')
    expect(mended.out).toContain('✅ Ports are bound to localhost')
    expect(mended.code).toBe(0)
  })
})
