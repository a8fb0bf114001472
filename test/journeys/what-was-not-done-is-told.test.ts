import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { callTool, hang, inOrder, say } from '../fakes/model-servers/index.ts'
import { ownedBy1001, personAt, type Person } from '../support/person.ts'
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts'

let at: TestGateway
let olga: Person
let bea: Person
beforeAll(async () => {
  at = await startTestGateway({ telegramServer: { privacy: false }, config: { ...ownedBy1001, channels: { telegram: { dmPolicy: 'allowlist', allowFrom: [1001, 2002], groupPolicy: 'open', groups: { '*': {} } } } } })
  olga = personAt(at, 1001, { name: 'Olga' })
  bea = personAt(at, 2002, { name: 'Bea' })
})
afterAll(() => at.close())
beforeEach(() => at.quiet())

/** What `/why` says of the message before. */
const why = async (person: Person): Promise<string> => (await at.gateway.rooms.why(String((await at.gateway.journey.store.read.get('SELECT id FROM inbox WHERE sender = ? ORDER BY rowid DESC LIMIT 1', String(person.user.id)))?.['id'])))?.lines.join('\n') ?? ''

it('when everything was done, nothing is added', async () => {
  at.model.use(inOrder([callTool('write', { path: 'a.md', text: 'x' })], [say('It is written.')]))
  expect(await olga.chat('write it')).toBe('It is written.')
  expect(await why(olga)).toMatch(/receipt write writes-workspace "a\.md": done {2}\[/)
})

it('a model that says it sent what it was not allowed to send is corrected', async () => {
  at.model.use(inOrder([callTool('message', { action: 'send', to: 'telegram:1001', text: 'Dinner at eight.' })], [say('I sent it.')]))
  const told = await bea.chat('tell Olga')
  expect(told).toMatch(/^I sent it\.\n+⚠️ Not done: message send telegram:1001 was refused/)
  expect(await why(bea)).toMatch(/receipt message send sends "telegram:1001": refused \(sending to telegram:1001 is not allowed\)/)
})

it('a question that was answered with no is no success either', async () => {
  at.model.use(inOrder([callTool('message', { action: 'send', to: 'telegram:2002', text: 'Dinner at eight.' })], [say('I sent it.')]))
  const asked = at.telegram.nextSent(({ chatId, text }) => chatId === 1001 && /\/deny [A-Z0-9]{4}/.test(text))
  olga.write('tell Bea')
  const code = /\/deny ([A-Z0-9]{4})/.exec((await asked).text)?.[1] ?? ''
  const answer = at.telegram.nextSent(({ chatId, text }) => chatId === 1001 && text.includes('I sent it.'))
  olga.write(`/deny ${code}`)
  expect((await answer).text).toContain('Not done: message send telegram:2002 was refused (a person said no).')
})

it('of calls made together, the one that failed is told, and only that', async () => {
  at.model.use(inOrder([callTool('write', { path: 'b.md', text: 'x' }), callTool('write', { path: '../c.md', text: 'x' }), callTool('read', { path: 'nothing.md' })], [say('Both are written.')]))
  const told = await olga.chat('write both')
  expect(told).toContain('Not done: write ../c.md failed')
  expect(told).not.toMatch(/b\.md|nothing\.md/)
  const story = await why(olga)
  expect(story).toMatch(/receipt write writes-workspace "b\.md": done/)
  expect(story).toMatch(/receipt write writes-workspace "\.\.\/c\.md": failed/)
})

it('a command that ended badly is told with its exit code; one that was made good, or only looked, is not', async () => {
  at.model.use(inOrder([callTool('run', { command: 'mkdir -p out && exit 2' })], [say('Deployed.')]))
  expect(await olga.chat('deploy')).toBe('Deployed.\n\n⚠️ Not done: run mkdir -p out && exit 2 failed (exit 2).')
  at.model.use(inOrder([callTool('run', { command: 'touch no/where' })], [callTool('run', { command: 'mkdir -p no && touch no/where' })], [callTool('run', { command: 'grep -r zebra no' })], [say('Done.')]))
  expect(await olga.chat('touch it')).toBe('Done.')
})

it('what was begun aside counts by how it ended', async () => {
  at.model.use(inOrder([callTool('run', { command: 'sleep 0.2; exit 3', yield_ms: 0 })], (request) => {
    const id = /running as (\S+);/.exec(request.messages.at(-1)?.text ?? '')?.[1] ?? ''
    return [callTool('process', { action: 'poll', id, wait_ms: 20_000 })]
  }, [say('It worked.')]))
  expect(await olga.chat('try')).toBe('It worked.\n\n⚠️ Not done: run sleep 0.2; exit 3 failed (exit 3).')
})

it('a tool that does not exist did nothing, and silence hides nothing', async () => {
  at.model.use(inOrder([callTool('send_email', { to: 'x' })], [say('The mail is out.')]))
  expect(await olga.chat('mail it')).toContain('Not done: send_email was refused (there is no such tool).')
  at.model.use(inOrder([callTool('write', { path: '/etc/x', text: 'x' })], [say('NO_REPLY')]))
  expect(await olga.chat('quietly')).toMatch(/^⚠️ Not done: write \/etc\/x failed/)
})

it('whoever claims without a call is seen through by asking why', async () => {
  at.model.use(inOrder([say('I deleted everything and told Bea.')]))
  await olga.chat('do it')
  expect(await olga.chat('/why')).toContain('no receipts: nothing was written, run, sent or changed in this turn')
})

it('in a group others do not learn what it was about', async () => {
  const group = at.telegram.group(-100, { title: 'Household' })
  at.model.use(inOrder([callTool('write', { path: '../diary-of-olga.md', text: 'x' })], [say('Kept.')]))
  const told = (await olga.ask('@molt_test_bot keep it', { in: group })).map(({ text }) => text).join('\n')
  expect(told).toContain('Not done: write failed.')
  expect(told).not.toContain('diary')
})

it('the page and programs are told alike, and so is whoever reads later', async () => {
  const client = await at.connect()
  at.model.use(inOrder([callTool('edit', { path: 'missing.md', old: 'a', new: 'b' })], [say('Changed.')]))
  expect(await client.ask('change it', 'agent:main:page')).toMatch(/^Changed\.\n\n⚠️ Not done: edit `missing\.md` failed/)
  expect(JSON.stringify(await client.request('chat.history', { sessionKey: 'agent:main:page' }))).toContain('Not done: edit')
})

it('over a restart between the call and the answer it is told all the same', async () => {
  at.model.use(inOrder([callTool('write', { path: '../d.md', text: 'x' })], [hang]))
  const before = at.model.requests.length
  olga.write('write it')
  await at.model.arrived(before + 2)
  at.model.use(inOrder([say('It is written.')]))
  const answer = at.telegram.nextSent(({ text }) => text.startsWith('It is written.'), 60_000)
  await at.restart()
  expect((await answer).text).toContain('Not done: write ../d.md failed')
})

it('where the owner wants it, each answer ends with what was done, and a claim without a call with that nothing was', async () => {
  await at.gateway.config.set('messages.receipts', 'always')
  try {
    // A model can write such a line as well, in any language; it cannot write the last one.
    at.model.use(inOrder([say('Ich habe die Mail verschickt.\n\n🧾 Done: message send `telegram:2002`.')]))
    expect(await olga.chat('schick Bea eine Mail')).toMatch(/\n\n🧾 Nothing was written, run, sent or changed\.$/)
    at.model.use(inOrder([callTool('write', { path: 'd.md', text: 'x' })], [callTool('write', { path: '../e.md', text: 'x' })], [say('Both are written.')]))
    expect(await olga.chat('write both')).toMatch(/^Both are written\.\n+⚠️ Not done: write \.\.\/e\.md failed[^\n]*\n+🧾 Done: write d\.md\.$/)
    // Who chooses to say nothing is not made to.
    const before = at.telegram.sent.length
    at.model.use(inOrder([say('NO_REPLY')]))
    olga.write('thanks')
    await at.quiet()
    expect(at.telegram.sent.slice(before).filter(({ text }) => text.includes('🧾'))).toEqual([])
  } finally {
    await at.gateway.config.set('messages.receipts', undefined)
  }
})
