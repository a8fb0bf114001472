import { chmod, mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createMachine } from '../machine.ts'
import { startFakeGateway, type FakeGateway } from '../testing/fake-gateway.ts'
import { runCommand } from '../testing/run-command.ts'

let gateway: FakeGateway
beforeAll(async () => {
  gateway = await startFakeGateway({ token: 'T', methods: { 'auth.link': { token: 'once-abc', expiresAtMs: 5 } } })
})
afterAll(() => gateway.close())

it('opens a link that holds a code and not the token, and does not print what is used up', async () => {
  const asked: string[] = []
  const { code, out } = await runCommand(['dashboard'], { gateway, machine: { openPage: async (url) => { asked.push(url); return true } } })
  expect({ code, asked }).toEqual({ code: 0, asked: [`http://localhost:${gateway.port}/?token=once-abc`] })
  expect(out).not.toContain('once-abc')
})

it('prints the link where nothing opens it, and with --no-open', async () => {
  const asked: string[] = []
  const machine = { openPage: async (url: string) => { asked.push(url); return false } }
  expect((await runCommand(['dashboard'], { gateway, machine })).out.split('\n')[0]).toBe(`http://localhost:${gateway.port}/?token=once-abc`)
  expect((await runCommand(['dashboard', '--no-open'], { gateway, machine })).out.split('\n')[0]).toBe(`http://localhost:${gateway.port}/?token=once-abc`)
  expect(asked).toHaveLength(1)
})

it('hands the address to the program as one argument, whatever is in it, and says when there is none', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'moltbot-opener-'))
  const browserOpener = join(folder, 'opener')
  await writeFile(browserOpener, `#!/bin/sh\nprintf '%s|' "$#" "$@" > '${folder}/seen'\n`)
  await chmod(browserOpener, 0o700)
  const facts = { version: '1', stateDir: folder, configFile: undefined, installation: folder, gatewayModule: join(folder, 'none.mjs'), nodePath: process.execPath }
  const url = 'http://localhost:1/?token=once-a;touch x $(touch y)'
  expect(await createMachine({ ...facts, browserOpener }).openPage(url)).toBe(true)
  expect(await readFile(join(folder, 'seen'), 'utf8')).toBe(`1|${url}|`)
  expect(await createMachine({ ...facts, browserOpener: join(folder, 'none') }).openPage(url)).toBe(false)
  expect(await createMachine(facts).openPage(url)).toBe(false)
})
