import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { findRunningPort } from './running-port.ts'

const folder = mkdtempSync(join(tmpdir(), 'moltbot-running-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const write = (value: unknown): void => writeFileSync(join(folder, 'running.json'), typeof value === 'string' ? value : JSON.stringify(value))

it('finds the port of a gateway that lives, and nothing otherwise', async () => {
  expect(await findRunningPort(folder)).toBeUndefined()
  write({ port: 19_000, pid: process.pid })
  expect(await findRunningPort(folder)).toBe(19_000)
  write({ port: 19_000, pid: 2 ** 22 + 12_345 })
  expect(await findRunningPort(folder)).toBeUndefined()
  for (const bad of ['{', { port: 0, pid: process.pid }, { port: '19000', pid: process.pid }, { port: 19_000, pid: -1 }, []]) {
    write(bad)
    expect(await findRunningPort(folder)).toBeUndefined()
  }
})
