import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Type } from 'typebox'
import { defineTool, type Tool } from '@moltbot/contract'
import { approvalValidMs } from '../../gateway/src/journey/guard/approvals.ts'
import { codeValidMs } from '../../gateway/src/journey/guard/pairing.ts'
import { callTool, inOrder, say } from '../fakes/model-servers/index.ts'
import { adjustableClock, personAt, type Person } from '../support/person.ts'
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts'

/** What the commands did. */
const ran: string[] = []
const fetchPage = defineTool({
  name: 'fetch_page', description: 'Reads a page.', input: Type.Object({ url: Type.String() }), needs: [],
  effects: () => [{ kind: 'reads-untrusted', what: 'a page' }], summarize: ({ url }) => `Read ${url}`,
  run: async () => ({ origin: 'external' as const, content: [{ type: 'text' as const, text: 'words from outside' }] }),
})
const runCommand = defineTool({
  name: 'run_command', description: 'Runs a command.', input: Type.Object({ command: Type.String() }), needs: [],
  effects: ({ command }) => [{ kind: 'runs-code', what: command }], summarize: ({ command }) => `Run: ${command}`,
  run: async ({ command }) => {
    ran.push(command)
    return { content: [{ type: 'text' as const, text: `done ${command}` }] }
  },
})

let at: TestGateway
let olga: Person
const clock = adjustableClock()
beforeAll(async () => {
  at = await startTestGateway({ clock, tools: [fetchPage, runCommand] as unknown as Tool[], config: { commands: { ownerAllowFrom: ['telegram:1001'] } } })
  olga = personAt(at, 1001)
})
afterAll(() => at.close())

const codeIn = (text: string): string => /\/approve ([A-Z0-9]{4})/.exec(text)?.[1] ?? ''
async function ask(command: string): Promise<string> {
  at.model.use(inOrder([callTool('fetch_page', { url: 'https://example.org/' })], [callTool('run_command', { command })], (request) => [say(`END ${request.messages.at(-1)?.text ?? ''}`)]))
  const next = at.telegram.nextSent(({ text }) => codeIn(text) !== '', 60_000)
  olga.write(`do ${command}`)
  return codeIn((await next).text)
}
const ended = (words: string): Promise<void> => at.telegram.until(() => at.telegram.sent.some(({ text }) => text.includes('END') && text.includes(words)), `the end with ${words}`, 60_000)

describe('DUR-12: what waits while the gateway is down (there are no schedules)', () => {
  it('DUR-12: a question that waits is asked again after each restart, one is open at a time, and a yes lets the call run once', async () => {
    const codes = [await ask('first')]
    for (let round = 0; round < 2; round += 1) {
      await at.stop()
      const next = at.telegram.nextSent(({ text }) => codeIn(text) !== '', 60_000)
      await at.start()
      codes.push(codeIn((await next).text))
    }
    expect(await at.gateway.rooms.guard.approvals({ open: true })).toMatchObject([{ code: codes.at(-1), summary: 'Run: first' }])
    const no = at.telegram.nextSent(({ text }) => /No open question/.test(text), 60_000)
    if (codes[0] !== codes.at(-1)) {
      olga.write(`/approve ${codes[0] ?? ''}`)
      await no
    }
    expect(ran).toEqual([])
    olga.write(`/approve ${codes.at(-1) ?? ''}`)
    await ended('done first')
    await at.quiet()
    expect(ran).toEqual(['first'])
  })

  it('DUR-12: a yes to the question of before is worth nothing once its time ran out while the gateway was down', async () => {
    const code = await ask('second')
    await at.stop()
    clock.advance(approvalValidMs + 60_000)
    await at.start()
    const told = at.telegram.nextSent(({ text }) => /No open question/.test(text), 60_000)
    olga.write(`/approve ${code}`)
    await told
    expect(ran).toEqual(['first'])
    olga.write('/stop')
    await at.quiet()
  })

  it('DUR-12: a pairing code whose hour ended while the gateway was down lets nobody in', async () => {
    const ben = at.telegram.user(3001, { name: 'Ben' })
    at.telegram.say(ben, 'let me in', { date: Math.floor(clock.now() / 1_000) })
    const { text } = await at.telegram.nextSent(({ chatId }) => chatId === 3001)
    const code = /[A-HJ-NP-Z2-9]{8}/.exec(text)?.[0] ?? ''
    await at.stop()
    clock.advance(codeValidMs + 60_000)
    await at.start()
    await expect(at.gateway.rooms.guard.approve('telegram' as never, code, { via: 'cli', principal: 'owner' } as never)).rejects.toMatchObject({ code: 'pairing-code-unknown' })
  })
})
