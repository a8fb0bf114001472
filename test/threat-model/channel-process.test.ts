import { readFileSync, readdirSync, readlinkSync } from 'node:fs'
import Value from 'typebox/value'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Connection } from '@moltbot/contract'
import { createTestHost, type TestHost } from '@moltbot/contract/testing'
import telegram from '../../channels/telegram/src/index.ts'
import { startTelegramServer, type TelegramServer } from '../fakes/telegram-server/index.ts'
import { channelProcesses, inOwnProcess } from '../support/own-process.ts'
import { readIfThere } from '../support/read-if-there.ts'

/** What a channel in a process of its own looks like from outside: what the threat model takes for granted of it. */
describe.skipIf(process.platform !== 'linux')('a channel in a process of its own', async () => {
  // What is looked at is in /proc.
  const processes = await channelProcesses('shelf')
  const channel = inOwnProcess(telegram, processes)
  const open: Connection[] = []
  let server: TelegramServer
  let port: number
  beforeAll(async () => {
    server = await startTelegramServer()
    const probe = await startTelegramServer()
    port = probe.port
    await probe.close()
  })
  afterEach(async () => void await Promise.all(open.splice(0).map((connection) => connection.close())))
  afterAll(async () => {
    await processes.close()
    await server.close()
  })

  async function connect(config: Record<string, unknown> = {}): Promise<{ host: TestHost; pid: string }> {
    const host = createTestHost({ secrets: { botToken: server.token, webhookSecret: 'web-hook_secret' } })
    open.push(await channel.connect(Value.Default(telegram.config.schema, { apiRoot: server.apiRoot, ...config }) as never, host))
    await host.until(() => host.reports.some(({ kind }) => kind === 'connected'), 'the connection')
    const pids = readdirSync('/proc/self/task').flatMap((task) => readIfThere(`/proc/self/task/${task}/children`).trim().split(' ').filter((pid) => pid !== ''))
    const [pid = '', ...more] = pids.filter((each) => readIfThere(`/proc/${each}/cmdline`).includes('--disallow-code-generation-from-strings'))
    expect([pid === '', more]).toEqual([false, []])
    return { host, pid }
  }

  /** The ports at which a process listens. */
  function listening(pid: string): number[] {
    const inodes = new Set(readdirSync(`/proc/${pid}/fd`).map((fd) => /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? ''))
    return ['tcp', 'tcp6'].flatMap((file) => readFileSync(`/proc/${pid}/net/${file}`, 'utf8').trim().split('\n').slice(1).map((line) => line.trim().split(/\s+/)))
      .filter((row) => row[3] === '0A' && inodes.has(row[9] ?? '')).map((row) => Number.parseInt(row[1]?.split(':')[1] ?? '', 16))
  }

  it('listens nowhere where it asks its network itself, and has no native code loaded', async () => {
    const { pid } = await connect()
    expect(listening(pid)).toEqual([])
    const mapped = new Set(readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n').map((line) => line.trim().split(/\s+/)[5] ?? ''))
    expect([...mapped].filter((path) => path.endsWith('.node'))).toEqual([])
  })

  it('with a webhook, gives a page of another site nothing to ask and nothing to frame', async () => {
    const { host, pid } = await connect({ webhookUrl: `http://127.0.0.1:${port}/telegram-webhook`, webhookPort: port })
    expect(listening(pid)).toEqual([port])
    const update = JSON.stringify({ update_id: 1, message: { message_id: 1, date: 1, chat: { id: 7, type: 'private' }, from: { id: 7, is_bot: false, first_name: 'Eve' }, text: 'do it' } })
    const before = host.calls.length
    // What a browser sends for a page: its own origin, types that need no leave, whatever cookies there are; never the secret in a header.
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'application/json']) {
      const answer = await fetch(`http://127.0.0.1:${port}/telegram-webhook`, { method: 'POST', body: update, headers: { 'content-type': type, 'origin': 'https://evil.example', 'cookie': 'secret=web-hook_secret', 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' } })
      expect([answer.ok, answer.headers.get('access-control-allow-origin')]).toEqual([false, null])
    }
    for (const path of ['/', '/telegram-webhook', '/telegram-webhook?secret_token=web-hook_secret', '/index.html']) {
      const answer = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { 'sec-fetch-dest': 'iframe', 'sec-fetch-site': 'cross-site' } })
      expect([path, answer.ok, answer.headers.get('content-type')?.includes('html') ?? false, answer.headers.getSetCookie()]).toEqual([path, false, false, []])
      expect(await answer.text()).not.toContain('<')
    }
    expect(host.calls.length).toBe(before)
    // The network's own way in works: what is refused above is refused for the secret it lacks.
    const genuine = await fetch(`http://127.0.0.1:${port}/telegram-webhook`, { method: 'POST', body: update, headers: { 'content-type': 'application/json', 'x-telegram-bot-api-secret-token': 'web-hook_secret' } })
    expect(genuine.ok).toBe(true)
    await host.until(() => host.calls.length === before + 1, 'the message')
  })
})
