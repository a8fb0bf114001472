import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { sampleFiles } from '@moltbot/contract/testing'
import { callTool, inOrder, say } from '../fakes/model-servers/index.ts'
import type { SentMessage } from '../fakes/telegram-server/index.ts'
import { personAt, type Person } from '../support/person.ts'
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts'

let at: TestGateway
let olga: Person
let bea: Person
beforeAll(async () => {
  at = await startTestGateway({ config: { commands: { ownerAllowFrom: ['telegram:1001'] }, channels: { telegram: { dmPolicy: 'allowlist', allowFrom: [1001, 2002] } } } })
  olga = personAt(at, 1001)
  bea = personAt(at, 2002)
  await bea.chat('hello')
  const workspace = join(at.stateDir, 'workspace')
  mkdirSync(join(workspace, 'out'), { recursive: true })
  const pdf = await sampleFiles.document.bytes()
  writeFileSync(join(workspace, 'out', 'report.pdf'), pdf)
  const jpeg = (place: string): Buffer => Buffer.concat([Buffer.from('\xff\xd8\xff\xe1\0', 'latin1'), Buffer.from([place.length + 2]), Buffer.from(place), Buffer.from('\xff\xda\0\x02\x01\xff\xd9', 'latin1')])
  writeFileSync(join(workspace, 'home.jpg'), jpeg('GPS 48.2082N 16.3738E'))
})
afterAll(() => at.close())
beforeEach(() => at.quiet())

const told = (request: { messages: { role: string; text: string }[] }) => [say(`END ${request.messages.at(-1)?.text ?? ''}`)]
const sendFile = (file: string, more: Record<string, unknown> = {}) => [callTool('message', { action: 'send', file, ...more })]
const next = (person: Person, matches: (message: SentMessage) => boolean): Promise<SentMessage> => at.telegram.nextSent((message) => message.chatId === person.user.id && matches(message))
const labels = (message: SentMessage): string[] => message.buttons.flat().map(({ text }) => text)
const kept = (): string[] => (existsSync(join(at.stateDir, 'files-to-send')) ? readdirSync(join(at.stateDir, 'files-to-send')) : [])

it('a file of the workspace comes with its words, under its own name, and nothing of it stays behind', async () => {
  at.model.use(inOrder(sendFile('out/report.pdf', { text: 'The **report**' }), told))
  const arrives = next(olga, ({ file }) => file !== undefined)
  expect(await olga.chat('send me the report')).toContain('END Sent to telegram:1001')
  expect(await arrives).toMatchObject({ text: 'The report', file: { as: 'document', name: 'report.pdf', mimeType: 'application/pdf' } })
  await at.quiet()
  expect(kept()).toEqual([])
})

it('a picture does not say where it was taken', async () => {
  at.model.use(inOrder(sendFile('home.jpg'), told))
  const arrives = next(olga, ({ file }) => file !== undefined)
  await olga.chat('send me the picture')
  const { file } = await arrives
  expect(file?.as).toBe('image')
  expect(Buffer.from(file?.bytes ?? []).includes('GPS')).toBe(false)
})

it('what is not there, or not to be read, is not sent', async () => {
  for (const file of ['nothing.pdf', '../moltbot.json', '/etc/passwd', '']) {
    at.model.use(inOrder(sendFile(file), told))
    const before = at.telegram.sent.length
    expect(await olga.chat('send it'), file).toMatch(/END (?!Sent)/)
    expect(at.telegram.sent.slice(before).filter((message) => message.file !== undefined)).toEqual([])
  }
})

it('a file for somebody else is asked about with one tap, each time anew, and the buttons go away with the answer', async () => {
  for (const round of ['first', 'second']) {
    at.model.use(inOrder(sendFile('out/report.pdf', { to: 'telegram:2002', text: round }), told))
    const asks = next(olga, (message) => message.buttons.length > 0)
    olga.write('send Bea the report')
    const asked = await asks
    expect(asked.text).toContain('out/report.pdf')
    expect(asked.text).toContain('telegram:2002')
    // No yes lasts for files.
    expect(labels(asked)).toEqual(['Allow once', 'Deny'])
    const arrives = next(bea, ({ file }) => file !== undefined)
    const done = next(olga, ({ text }) => /END/.test(text))
    at.telegram.press(olga.user, asked, asked.buttons.flat()[0]?.callback_data ?? '')
    expect((await arrives).text).toBe(round)
    expect((await done).text).toContain('END Sent')
    await at.telegram.until(() => asked.buttons.length === 0, 'the end of the buttons')
    expect(asked.text).toContain('out/report.pdf')
  }
})

it('a tap on Deny is a no, and a tap of somebody who may not say yes is nothing', async () => {
  at.model.use(inOrder(sendFile('out/report.pdf', { to: 'telegram:2002' }), told))
  const asks = next(olga, (message) => message.buttons.length > 0)
  olga.write('send Bea the report')
  const asked = await asks
  const [allow, deny] = asked.buttons.flat()
  const unknown = next(bea, ({ text }) => /No open question/.test(text))
  bea.write(allow?.callback_data.slice(4) ?? '')
  await unknown
  expect(asked.buttons).not.toEqual([])
  const done = next(olga, ({ text }) => /END/.test(text))
  at.telegram.press(olga.user, asked, deny?.callback_data ?? '')
  expect((await done).text).toContain('the person said no')
  await at.telegram.until(() => asked.buttons.length === 0, 'the end of the buttons')
})

it('words for somebody else can be allowed for good by a tap; what was asked before a stop loses its buttons at the next start', async () => {
  at.model.use(inOrder([callTool('message', { action: 'send', to: 'telegram:2002', text: 'tea?' })], told))
  const asks = next(olga, (message) => message.buttons.length > 0)
  olga.write('ask Bea')
  const asked = await asks
  expect(labels(asked)).toEqual(['Allow once', 'Always', 'Deny'])
  await at.stop()
  expect(asked.buttons).not.toEqual([])
  at.model.use(told)
  await at.start()
  await at.telegram.until(() => asked.buttons.length === 0, 'the end of the buttons')
})
