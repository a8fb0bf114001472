import { readFileSync } from 'node:fs'
import { get } from 'node:https'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { projectRoot } from '../../scripts/source-tree.ts'
import { createSpawnedGateway } from '../support/spawned-gateway.ts'
import { config, dockerThatSays, eachWithItsHome, run, token } from './ops-installation.ts'

eachWithItsHome()

describe('OPS-08: the compose file', () => {
  const text = readFileSync(join(projectRoot, 'docker-compose.yml'), 'utf8')
  const dockerfile = readFileSync(join(projectRoot, 'Dockerfile'), 'utf8')

  it('takes everything away that the gateway does not need', () => {
    for (const line of ['user: "10001:10001"', 'read_only: true', 'cap_drop: ["ALL"]', 'security_opt: ["no-new-privileges:true"]', 'pids_limit: 256', 'mem_limit: 1g', 'cpus: 2.0', '"127.0.0.1:18789:18789"', 'networks: ["outward"]', 'healthcheck:']) expect(text).toContain(line)
    expect(text).toMatch(/tmpfs:\n\s+- \/tmp:.*noexec.*nosuid.*nodev/)
    expect(text).not.toMatch(/privileged|network_mode|pid:\s*host|ipc:\s*host|cap_add|docker\.sock|unconfined/)
    expect(text).not.toMatch(/^\s+environment:/m)
    expect([...text.matchAll(/"(?:[\d.]+:)?\d+:\d+"/g)].map((found) => found[0]).filter((port) => port !== '"10001:10001"')).toEqual(['"127.0.0.1:18789:18789"'])
  })

  it('runs as nobody special, from an image without a package manager', () => {
    expect(dockerfile.trim().split('\n').findLast((line) => line.startsWith('USER'))).toBe('USER 10001:10001')
    expect(dockerfile).toContain('rm -rf /usr/local/lib/node_modules')
    expect(dockerfile).toMatch(/HEALTHCHECK .*CMD \["node", "bin\/moltbot", "health"\]/)
    expect(dockerfile).not.toMatch(/^(?:ADD http|ENV .*(?:TOKEN|KEY|SECRET))/m)
  })

  it('passes its own audit', async () => {
    config()
    const ran = await run('quick-audit.sh', { environment: dockerThatSays({ 'moltbot-gateway': { user: '10001:10001', ports: [{ published: '18789', target: 18789, host_ip: '127.0.0.1' }], volumes: [{ type: 'volume', source: 'moltbot-state', target: '/home/moltbot/.moltbot' }] } }) })
    expect(ran.out).not.toMatch(/[✗⚠]/)
    expect(ran.code).toBe(0)
  })
})

describe('OPS-09: loopback in a container', () => {
  const answers = (host: string, port: number): Promise<number | undefined> => new Promise((resolve) => {
    const request = get({ host, port, path: '/readyz', rejectUnauthorized: false, timeout: 2_000 }, (response) => { response.resume(); resolve(response.statusCode) })
    request.on('error', () => resolve(undefined))
    request.on('timeout', () => { request.destroy(); resolve(undefined) })
  })

  it('a wider bind without encryption ends at once with what to do; with it, it answers as the compose file needs', async () => {
    const plain = await createSpawnedGateway({ gateway: { bind: 'lan', auth: { mode: 'token', token } } })
    try {
      const { code, output } = await plain.run()
      expect(code).not.toBe(0)
      expect(output).toMatch(/gateway\.tls/)
    } finally {
      plain.remove()
    }
    const sealed = await createSpawnedGateway({ gateway: { bind: 'lan', tls: { enabled: true }, auth: { mode: 'token', token } } })
    try {
      sealed.launch()
      await expect.poll(() => answers('127.0.0.1', sealed.port)).toBe(200)
      // What the container's health check runs.
      expect((await sealed.cli(['health'])).code).toBe(0)
    } finally {
      await sealed.stop()
      sealed.remove()
    }
  })
})
