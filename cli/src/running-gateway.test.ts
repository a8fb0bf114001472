import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { findRunningGateway } from './running-gateway.ts'

const folder = mkdtempSync(join(tmpdir(), 'moltbot-running-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const write = (value: unknown): void => writeFileSync(join(folder, 'running.json'), typeof value === 'string' ? value : JSON.stringify(value))

it('finds a gateway that lives, and nothing otherwise', async () => {
  expect(await findRunningGateway(folder)).toBeUndefined()
  write({ port: 19_000, pid: process.pid })
  expect(await findRunningGateway(folder)).toEqual({ port: 19_000 })
  write({ port: 19_000, pid: process.pid, socketPath: '/s/gateway.sock', tls: { fingerprint: 'AB:CD', authorityFile: null } })
  expect(await findRunningGateway(folder)).toEqual({ port: 19_000, socketPath: '/s/gateway.sock', tls: { fingerprint: 'AB:CD' } })
  write({ port: 19_000, pid: 2 ** 22 + 12_345 })
  expect(await findRunningGateway(folder)).toBeUndefined()
  for (const bad of ['{', { port: 0, pid: process.pid }, { port: '19000', pid: process.pid }, { port: 19_000, pid: -1 }, []]) {
    write(bad)
    expect(await findRunningGateway(folder)).toBeUndefined()
  }
})
