import { afterAll, beforeAll, expect, it } from 'vitest'
import { ownedBy1001, personAt, type Person } from '../support/person.ts'
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts'

let at: TestGateway
let olga: Person
beforeAll(async () => {
  at = await startTestGateway({ config: ownedBy1001 })
  olga = personAt(at, 1001, { name: 'Olga' })
})
afterAll(() => at.close())

const jpeg = (mark: number): Uint8Array => new Uint8Array([0xff, 0xd8, 0xff, 0xe0, 0, 16, 0x4a, 0x46, 0x49, 0x46, 0, mark, 1, 2, 3, 4, 5, 6, 0xff, 0xd9])
async function accepted(updateIds: number[]): Promise<void> {
  await at.telegram.until(() => updateIds.every((id) => at.telegram.isConfirmed(id)), 'the pictures to be accepted', 60_000)
  await at.quiet()
}

it('a picture is seen with its caption, and an album is one message', async () => {
  await accepted([at.telegram.sendPhoto(olga.user, jpeg(1), { caption: 'what is this?' }).updateId])
  expect(at.model.requests).toHaveLength(1)
  expect(at.model.requests[0]?.lastUserText).toBe('what is this?')
  expect(at.model.requests[0]?.messages[0]?.images).toEqual([{ mimeType: 'image/jpeg', data: Buffer.from(jpeg(1)).toString('base64') }])

  await accepted(at.telegram.album(olga.user, [jpeg(2), jpeg(3)], { caption: 'which one?' }).map((one) => one.updateId))
  expect(at.model.requests).toHaveLength(2)
  expect(at.model.requests[1]?.messages.at(-1)?.images).toHaveLength(2)
})

it('a file that is not fetched is named', async () => {
  await accepted([at.telegram.sendFile(olga.user, 'document', { bytes: new Uint8Array([1, 2, 3]), name: 'tax"2025.pdf', mimeType: 'application/pdf' }, { caption: 'keep it' }).updateId])
  expect(at.model.requests.at(-1)?.lastUserText).toMatch(/^keep it\n\[.*tax 2025\.pdf.* attached; its content is not available\]$/)
})

it('what a message answers to is quoted in front of it', async () => {
  const [answer] = await olga.ask('the earth is flat')
  await olga.ask('says who?', { replyTo: answer?.messageId ?? 0 })
  expect(at.model.requests.at(-1)?.lastUserText).toBe('[in reply to you: "the earth is flat"]\nsays who?')
})

it('an answer to old words says that it is late', async () => {
  const said = await olga.chat('anyone home?', { date: Math.floor(Date.now() / 1_000) - 3_600 })
  expect(said).toBe('(Late: I was away when you wrote.)\n\nanyone home?')
  expect(await olga.chat('good')).toBe('good')
})
