import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { callTool, inOrder, say } from '../fakes/model-servers/index.ts'
import { startTestGateway, type TestClient, type TestGateway } from '../support/test-gateway.ts'

let at: TestGateway
let client: TestClient
beforeAll(async () => {
  at = await startTestGateway({ telegram: false })
  const workspace = join(at.stateDir, 'workspace')
  mkdirSync(workspace, { recursive: true })
  writeFileSync(join(workspace, 'plan é.pdf'), '%PDF-1.4 the plan')
  writeFileSync(join(workspace, 'drawing.svg'), '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>')
  client = await at.connect()
})
afterAll(async () => {
  client.close()
  await at.close()
})

interface Shown { content: { text: string }[]; files?: { id: string; kind: string; fileName: string; mimeType: string; sizeBytes: number }[] }
const told = (request: { messages: { role: string; text: string }[] }) => [say(`END ${request.messages.at(-1)?.text ?? ''}`)]
const fetchFile = (id: string, headers: Record<string, string> = { authorization: `Bearer ${at.token}` }): Promise<Response> => fetch(`http://127.0.0.1:${at.gateway.port}/files/${id}`, { headers })
const kept = (): string[] => (existsSync(join(at.stateDir, 'files-to-send')) ? readdirSync(join(at.stateDir, 'files-to-send')) : [])
const session = 'errand'

/** Has the assistant send a file into the page's conversation, and resolves with what the page was told. */
async function sent(file: string, text?: string): Promise<Shown> {
  at.model.use(inOrder([callTool('message', { action: 'send', file, ...(text === undefined ? {} : { text }) })], told))
  const from = client.events.length
  expect(await client.ask('send it', session)).toContain('END Sent')
  return client.events.slice(from).map(({ payload }) => (payload as { message?: Shown }).message).find((message) => message?.files !== undefined) as Shown
}
const history = async (): Promise<Shown[]> => (await client.request('chat.history', { sessionKey: session, limit: 50 }))['messages'] as Shown[]

it('MED-15: is told with name and size, fetched with the secret alone, and never opened in the name of the gateway', async () => {
  const { content, files: [file] = [] } = await sent('plan é.pdf', 'The plan')
  expect(file).toMatchObject({ kind: 'document', fileName: 'plan é.pdf', mimeType: 'application/pdf', sizeBytes: 17 })
  expect(content.map((part) => part.text)).toEqual(['The plan', expect.stringContaining('plan é.pdf (17 bytes)')])
  const answer = await fetchFile(file?.id ?? '')
  expect(await answer.text()).toBe('%PDF-1.4 the plan')
  expect(Object.fromEntries(answer.headers)).toMatchObject({
    'content-type': 'application/octet-stream', 'content-disposition': "attachment; filename*=UTF-8''plan%20%C3%A9.pdf", 'x-content-type-options': 'nosniff',
    'content-security-policy': "default-src 'none'; sandbox", 'cross-origin-resource-policy': 'same-origin', 'cache-control': 'no-store',
  })
  for (const headers of [{}, { authorization: 'Bearer wrong-token-wrong-token' }, { cookie: 'moltbot=made-up' }] as Record<string, string>[]) expect((await fetchFile(file?.id ?? '', headers)).status).toBe(401)
  for (const id of ['nothing', '..%2Fmoltbot.json', 'de_1/../x', '']) expect([400, 404]).toContain((await fetchFile(id)).status)
})

it('MED-03: is bytes to a browser where it could hold a program', async () => {
  const { files: [file] = [] } = await sent('drawing.svg')
  const answer = await fetchFile(file?.id ?? '')
  expect(answer.headers.get('content-type')).toBe('application/octet-stream')
})

it('stands in the history among what was said, after a restart as well, until the conversation is deleted', async () => {
  const names = (shown: Shown[]): string[] => shown.flatMap(({ files = [] }) => files.map(({ fileName }) => fileName))
  expect(names(await history())).toEqual(['plan é.pdf', 'drawing.svg'])
  expect((await history()).at(-1)?.content[0]?.text).toContain('END')
  client.close()
  await at.restart()
  client = await at.connect()
  const shown = await history()
  expect(names(shown)).toEqual(['plan é.pdf', 'drawing.svg'])
  const id = shown.find(({ files }) => files !== undefined)?.files?.[0]?.id ?? ''
  expect((await fetchFile(id)).status).toBe(200)
  await client.request('sessions.delete', { key: session })
  expect((await fetchFile(id)).status).toBe(404)
  await vi.waitFor(() => expect(kept()).toEqual([]), { timeout: 60_000 })
})
