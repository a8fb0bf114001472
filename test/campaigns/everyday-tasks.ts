/**
 * Fifty ordinary wishes, five of each of ten everyday tasks, through a whole gateway as it comes: the default profile, the default rules, nothing
 * switched off. The model does what a sensible model would; people say yes when they are asked. Counted is what was done, what our own rules
 * got in the way of, and how often somebody was asked. `npm run everyday`; `test/journeys/everyday-tasks-pass.test.ts` is a part of it.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { samplePdf } from '../../gateway/src/foundation/egress/testing/sample-pdf.ts'
import { callTool, say, type Script, type SeenRequest } from '../fakes/model-servers/index.ts'
import { startTestGateway, type TestClient, type TestGateway } from '../support/test-gateway.ts'

export const tasks = [
  'answer in a private chat', 'answer in a group when addressed', 'a morning brief', 'a reminder', 'read and summarise a document', 'draft a mail without sending it', 'add to the calendar', 'look something up on the web',
  'run a small script', 'tell what was done and what it cost',
] as const
type Task = (typeof tasks)[number]

/** Someone with Telegram on their phone. Kept apart from the tests' own, which needs their runner. */
interface Person { id: number; chat(text: string, place?: { in: ReturnType<TestGateway['telegram']['group']> }): Promise<string> }

function personAt(at: TestGateway, id: number, name: string): Person {
  const user = at.telegram.user(id, { name })
  return {
    id,
    async chat(text, place = undefined) {
      const before = at.telegram.sent.length
      const { updateId, chatId } = at.telegram.say(user, text, place ?? {})
      await at.telegram.until(() => at.telegram.isConfirmed(updateId), 'it to be accepted', 60_000)
      await at.quiet()
      return at.telegram.sent.slice(before).filter((message) => message.chatId === chatId).map((message) => message.text).join('\n\n')
    },
  }
}

interface World { at: TestGateway; client: TestClient; olga: Person; bea: Person; workspace: string; file(path: string): string; house: ReturnType<TestGateway['telegram']['group']> }
type Call = readonly [name: string, input: Record<string, unknown>] | ((results: readonly string[]) => readonly [string, Record<string, unknown>])

interface Wish {
  task: Task
  words: string
  /** What a sensible model calls, one after the other. */
  calls?: readonly Call[]
  /** What it says then, of what the calls gave. */
  then?(results: readonly string[], request: SeenRequest): string
  /** What it says when a command it began has ended. */
  woken?(words: string): string
  /** Absent: in a conversation of its own on the page. */
  asked?(world: World, words: string): Promise<string>
  /** Whether the person has what they wanted. `answer`: all they read. */
  done(answer: string, world: World): boolean
}

const last = (results: readonly string[]): string => results.at(-1) ?? ''
const inChat = (who: 'olga' | 'bea') => (world: World, words: string): Promise<string> => world[who].chat(words)
const inGroup = (who: 'olga' | 'bea') => (world: World, words: string): Promise<string> => world[who].chat(`@molt_test_bot ${words}`, { in: world.house })
/** The answer that comes later by itself. */
const later = (pattern: RegExp) => async ({ at, olga }: World, words: string): Promise<string> => {
  const told = at.telegram.nextSent(({ text, chatId }) => chatId === olga.id && pattern.test(text), 60_000)
  const first = await olga.chat(words)
  return `${first}\n${(await told).text}`
}
const has = (...wanted: string[]) => (answer: string): boolean => wanted.every((each) => answer.includes(each))
const fileHas = (path: string, ...wanted: string[]) => (_answer: string, world: World): boolean => wanted.every((each) => world.file(path).includes(each))

export const wishes: readonly Wish[] = [
  { task: tasks[0], words: 'Good morning!', then: () => 'Good morning, Olga.', asked: inChat('olga'), done: has('Good morning, Olga.') },
  { task: tasks[0], words: 'What is seven times eight?', then: () => '56', asked: inChat('olga'), done: has('56') },
  { task: tasks[0], words: 'What is on my shopping list?', calls: [['read', { path: 'shopping.md' }]], then: (all) => `You need ${last(all)}`, asked: inChat('olga'), done: has('oat milk') },
  { task: tasks[0], words: 'Remember that I am allergic to walnuts.', calls: [['memory', { action: 'write', text: 'Olga is allergic to walnuts.', lasting: true }]], then: () => 'I will.', asked: inChat('olga'), done: fileHas('MEMORY.md', 'walnuts') },
  { task: tasks[0], words: 'Hello, I am Bea.', then: () => 'Hello Bea.', asked: inChat('bea'), done: has('Hello Bea.') },

  { task: tasks[1], words: 'when is dinner?', then: () => 'At eight.', asked: inGroup('olga'), done: has('At eight.') },
  { task: tasks[1], words: 'and dessert?', then: () => 'Ice cream.', asked: inGroup('bea'), done: has('Ice cream.') },
  { task: tasks[1], words: 'put bread on the shopping list', calls: [['edit', { path: 'shopping.md', old: 'oat milk', new: 'oat milk, bread' }]], then: () => 'It is on the list.', asked: inGroup('olga'), done: fileHas('shopping.md', 'bread') },
  { task: tasks[1], words: 'what is the weather?', calls: [['web_search', { query: 'weather Berlin' }]], then: (all) => (last(all).includes('Sunny') ? 'Sunny, 21 degrees.' : 'no idea'), asked: inGroup('bea'), done: has('Sunny') },
  { task: tasks[1], words: 'what is in notes/house.md?', calls: [['read', { path: 'notes/house.md' }]], then: (all) => last(all), asked: inGroup('olga'), done: has('key is with Bea') },

  { task: tasks[2], words: 'My morning brief, please.', calls: [['read', { path: 'calendar.ics' }], ['web_search', { query: 'weather Berlin' }]], then: (all) => `${/SUMMARY:(.+)/.exec(all[0] ?? '')?.[1] ?? ''}; ${last(all).includes('Sunny') ? 'sunny' : ''}`, asked: inChat('olga'), done: has('Dentist', 'sunny') },
  { task: tasks[2], words: 'Brief me: tasks and news.', calls: [['read', { path: 'tasks.md' }], ['web_search', { query: 'news today' }], ['web_fetch', { url: 'http://news.example/today' }]], then: (all) => `${all[0] ?? ''} ${last(all).includes('Bridge opens') ? 'The bridge opens.' : ''}`, done: has('water the plants', 'The bridge opens.') },
  { task: tasks[2], words: 'Write me a brief into brief.md.', calls: [['read', { path: 'tasks.md' }], ['web_search', { query: 'weather Berlin' }], (all) => ['write', { path: 'brief.md', text: `${all[0] ?? ''}\nSunny` }]], then: () => 'It is in brief.md.', done: fileHas('brief.md', 'plants', 'Sunny') },
  { task: tasks[2], words: 'What do I have to think of today?', calls: [['memory', { action: 'search', text: 'walnuts allergic' }], ['search', { text: 'today', path: '.' }]], then: (all) => `${all[0]?.includes('walnuts') ? 'No walnuts.' : ''} ${last(all)}`, done: has('No walnuts.', 'today') },
  { task: tasks[2], words: 'Brief, as a table, from the calendar.', calls: [['run', { command: 'grep SUMMARY calendar.ics | cut -d: -f2' }]], then: (all) => `| what |\n| --- |\n| ${last(all).split('\n')[0] ?? ''} |`, done: has('Dentist') },

  { task: tasks[3], words: 'Remind me in a moment to take the cake out.', calls: [['run', { command: 'sleep 0.5; echo take the cake out', yield_ms: 0 }]], then: () => 'I will.', woken: (words) => (words.includes('take the cake out') ? 'Take the cake out!' : ''), asked: later(/Take the cake out!/), done: has('I will.', 'Take the cake out!') },
  { task: tasks[3], words: 'Tell me when the job is done.', calls: [['run', { command: 'sleep 0.5; echo 42 > result.txt', yield_ms: 0 }]], then: () => 'I will.', woken: () => 'The job is done.', asked: later(/The job is done\./), done: fileHas('result.txt', '42') },
  { task: tasks[3], words: 'Note: water the plants on Friday.', calls: [['edit', { path: 'tasks.md', old: '- water the plants', new: '- water the plants\n- Friday: call Tom' }]], then: () => 'Noted.', done: fileHas('tasks.md', 'call Tom') },
  { task: tasks[3], words: 'What did I want to be reminded of?', calls: [['read', { path: 'tasks.md' }]], then: (all) => last(all), done: has('water the plants') },
  { task: tasks[3], words: 'The plants are done.', calls: [['edit', { path: 'tasks.md', old: '- water the plants\n', new: '' }]], then: () => 'Struck off.', done: (_answer, world) => !world.file('tasks.md').includes('water the plants') },

  { task: tasks[4], words: 'Summarise contract.pdf.', calls: [['read', { path: 'contract.pdf' }]], then: (all) => (last(all).includes('twelve months') ? 'It runs for twelve months.' : 'unreadable'), done: has('twelve months') },
  { task: tasks[4], words: 'What is on page two of contract.pdf?', calls: [['read', { path: 'contract.pdf', offset: 2, limit: 1 }]], then: (all) => (last(all).includes('Notice') ? 'The notice period.' : 'unreadable'), done: has('The notice period.') },
  { task: tasks[4], words: 'Summarise http://docs.example/report.pdf', calls: [['web_fetch', { url: 'http://docs.example/report.pdf' }]], then: (all) => (last(all).includes('Profit rose') ? 'Profit rose.' : 'unreadable'), done: has('Profit rose.') },
  { task: tasks[4], words: 'Summarise contract.pdf into summary.md.', calls: [['read', { path: 'contract.pdf' }], ['write', { path: 'summary.md', text: 'Twelve months; notice of three.' }]], then: () => 'Done.', done: fileHas('summary.md', 'Twelve months') },
  { task: tasks[4], words: 'What is in notes/house.md and in notes/garden.md?', calls: [['list', { path: 'notes' }], ['read', { path: 'notes/house.md' }], ['read', { path: 'notes/garden.md' }]], then: (all) => all.slice(1).join('\n'), done: has('key is with Bea', 'compost') },

  { task: tasks[5], words: 'Draft a mail to the landlord.', calls: [['write', { path: 'drafts/landlord.md', text: 'Dear Mr Brown, the heating …' }]], then: () => 'The draft is in drafts/landlord.md.', done: fileHas('drafts/landlord.md', 'heating') },
  { task: tasks[5], words: 'Make it politer.', calls: [['edit', { path: 'drafts/landlord.md', old: 'the heating', new: 'could you kindly look at the heating' }]], then: () => 'Done.', done: fileHas('drafts/landlord.md', 'kindly') },
  { task: tasks[5], words: 'Draft an answer to the contract, from its text.', calls: [['read', { path: 'contract.pdf' }], ['write', { path: 'drafts/contract.md', text: 'I accept twelve months.' }]], then: () => 'Drafted.', done: fileHas('drafts/contract.md', 'twelve months') },
  { task: tasks[5], words: 'Draft a thank-you with facts from http://news.example/today', calls: [['web_fetch', { url: 'http://news.example/today' }], ['write', { path: 'drafts/thanks.md', text: 'Thank you for the bridge.' }]], then: () => 'Drafted.', done: fileHas('drafts/thanks.md', 'bridge') },
  { task: tasks[5], words: 'Show me the draft to the landlord here.', calls: [['read', { path: 'drafts/landlord.md' }]], then: (all) => last(all), asked: inChat('olga'), done: has('kindly look at the heating') },

  { task: tasks[6], words: 'Dinner with Bea on Friday at eight.', calls: [['edit', { path: 'calendar.ics', old: 'END:VCALENDAR', new: 'BEGIN:VEVENT\nSUMMARY:Dinner with Bea\nDTSTART:20261127T200000\nEND:VEVENT\nEND:VCALENDAR' }]], then: () => 'It is in your calendar.', done: fileHas('calendar.ics', 'Dinner with Bea') },
  { task: tasks[6], words: 'Move the dentist to ten.', calls: [['edit', { path: 'calendar.ics', old: 'DTSTART:20261123T090000', new: 'DTSTART:20261123T100000' }]], then: () => 'Moved.', done: fileHas('calendar.ics', 'T100000') },
  { task: tasks[6], words: 'Invite Bea to dinner on Friday.', calls: [['message', { action: 'send', to: 'telegram:2002', text: 'Dinner on Friday at eight?' }]], then: (all) => (last(all).startsWith('Sent') ? 'She is invited.' : 'not sent'), done: (answer, { at }) => answer.includes('She is invited.') && at.telegram.sent.some(({ chatId, text }) => chatId === 2002 && text.includes('Dinner on Friday')) },
  { task: tasks[6], words: 'Am I free on Monday?', calls: [['search', { text: '20261123', path: 'calendar.ics' }]], then: (all) => (last(all).includes('DTSTART') ? 'Not at the time of the dentist.' : 'Yes.'), done: has('dentist') },
  { task: tasks[6], words: 'Add the opening of the bridge, from http://news.example/today', calls: [['web_fetch', { url: 'http://news.example/today' }], ['edit', { path: 'calendar.ics', old: 'END:VCALENDAR', new: 'BEGIN:VEVENT\nSUMMARY:Bridge opens\nDTSTART:20261201T100000\nEND:VEVENT\nEND:VCALENDAR' }]], then: () => 'Added.', done: fileHas('calendar.ics', 'Bridge opens') },

  { task: tasks[7], words: 'How is the weather in Berlin?', calls: [['web_search', { query: 'weather Berlin' }]], then: (all) => (last(all).includes('Sunny') ? 'Sunny.' : 'no idea'), asked: inChat('olga'), done: has('Sunny.') },
  { task: tasks[7], words: 'What is new about the bridge?', calls: [['web_search', { query: 'news today' }], ['web_fetch', { url: 'http://news.example/today' }]], then: (all) => (last(all).includes('Bridge opens') ? 'It opens.' : 'no idea'), done: has('It opens.') },
  { task: tasks[7], words: 'Have a look at shop.example, what do they sell?', calls: [['web_fetch', { url: 'http://shop.example/' }], ['web_fetch', { url: 'http://shop.example/tea' }]], then: (all) => (last(all).includes('Green tea') ? 'Green tea.' : 'no idea'), done: has('Green tea.') },
  { task: tasks[7], words: 'Compare http://shop.example/tea with http://other.example/tea', calls: [['web_fetch', { url: 'http://shop.example/tea' }], ['web_fetch', { url: 'http://other.example/tea' }]], then: (all) => `${all[0]?.includes('4.50') ? '4.50' : ''} and ${last(all).includes('3.90') ? '3.90' : ''}`, done: has('4.50 and 3.90') },
  { task: tasks[7], words: 'What does http://api.example/rate.json say?', calls: [['web_fetch', { url: 'http://api.example/rate.json' }]], then: (all) => (last(all).includes('1.08') ? '1.08' : 'no idea'), asked: inChat('bea'), done: has('1.08') },

  { task: tasks[8], words: 'How many days until Christmas?', calls: [['run', { command: 'echo $(( ( $(date -d 2026-12-25 +%s) - $(date -d 2026-11-22 +%s) ) / 86400 ))' }]], then: (all) => `${/\d+/.exec(last(all))?.[0] ?? ''} days`, done: has('33 days') },
  { task: tasks[8], words: 'Sum up the second column of costs.csv.', calls: [['run', { command: 'awk -F, \'{ s += $2 } END { print s }\' costs.csv' }]], then: (all) => `It is ${/\d+/.exec(last(all))?.[0] ?? ''}.`, done: has('It is 60.') },
  { task: tasks[8], words: 'Write a script that renames my photos, and run it.', calls: [['write', { path: 'rename.sh', text: 'for f in photos/*.JPG; do mv "$f" "${f%.JPG}.jpg"; done; ls photos' }], ['run', { command: 'sh rename.sh' }]], then: (all) => last(all), done: has('one.jpg') },
  { task: tasks[8], words: 'Start the long one and tell me the result.', calls: [['run', { command: 'sleep 0.3; echo 99', yield_ms: 0 }], (all) => ['process', { action: 'poll', id: /running as (\S+);/.exec(last(all))?.[1] ?? '', wait_ms: 20_000 }]], then: (all) => `The result is ${/\d+/.exec(last(all))?.[0] ?? ''}.`, done: has('The result is 99.') },
  { task: tasks[8], words: 'Take the rate from http://api.example/rate.json and convert 100.', calls: [['web_fetch', { url: 'http://api.example/rate.json' }], ['run', { command: 'echo 108' }]], then: (all) => `It is ${/\d+/.exec(last(all))?.[0] ?? ''}.`, done: has('It is 108.') },

  { task: tasks[9], words: 'How are you?', calls: [['status', {}]], then: (all) => (last(all).includes('test-model') ? 'The test model answers.' : 'no idea'), done: has('The test model answers.') },
  { task: tasks[9], words: '/usage', asked: inChat('olga'), done: (answer) => /Today: \$\d/.test(answer) },
  { task: tasks[9], words: '/why', asked: inChat('olga'), done: (answer) => /turn tn-|end: /.test(answer) },
  { task: tasks[9], words: '/status', asked: inChat('olga'), done: (answer) => answer.includes('Model:') },
  { task: tasks[9], words: 'What did you note lately?', calls: [['memory', { action: 'get', path: 'MEMORY.md' }]], then: (all) => last(all), asked: inChat('olga'), done: has('walnuts') },
]

export interface EverydayReport {
  tried: number
  passed: number
  /** Wishes in which a rule of ours got in the way. */
  blocked: number
  /** How often somebody was asked. */
  questions: number
  /** What did not pass, each with what was answered. */
  failed: string[]
}

/** `only`: which wishes; some stand on what earlier ones of their task wrote. `broken`: makes the gateway one that gets in the way, for a test that must notice. */
export async function everyday({ only = () => true, broken }: { only?: (wish: Wish, number: number) => boolean; broken?: (at: TestGateway) => void } = {}): Promise<EverydayReport> {
  const site = await startSite()
  const at = await startTestGateway({
    telegramServer: { privacy: false },
    network: { resolve: async () => ['93.184.216.34'], open: () => connect({ host: '127.0.0.1', port: (site.address() as AddressInfo).port }) },
    // Who may write, which group, which model, which search: what every set-up says. No rule and no profile is changed.
    config: {
      logging: { level: 'warn' }, commands: { ownerAllowFrom: ['telegram:1001'] }, channels: { telegram: { dmPolicy: 'allowlist', allowFrom: [1001, 2002], groupPolicy: 'open', groups: { '-100': {} } } },
      tools: { web: { search: { provider: 'searxng', baseUrl: 'http://search.example' } } },
    },
  })
  const report: EverydayReport = { tried: 0, passed: 0, blocked: 0, questions: 0, failed: [] }
  try {
    const workspace = join(at.stateDir, 'workspace')
    furnish(workspace)
    const world: World = {
      at, client: await at.connect(), olga: personAt(at, 1001, 'Olga'), bea: personAt(at, 2002, 'Bea'), workspace, house: at.telegram.group(-100, { title: 'Household' }),
      file(path) {
        try {
          return readFileSync(join(workspace, path), 'utf8')
        } catch {
          // Not written: then it holds nothing.
          return ''
        }
      },
    }
    at.gateway.rooms.guard.onApproval((approval) => {
      if (approval.state !== 'pending') return
      report.questions += 1
      at.gateway.rooms.guard.decide(approval.id, 'allow-once', { principal: { id: 'owner' as never, role: 'owner' }, via: 'test' }).catch(() => undefined)
    })
    broken?.(at)
    // Bea has written before: so she can be written to.
    at.model.use(() => [say('Hello.')])
    await world.bea.chat('hi')
    for (const [number, wish] of wishes.entries()) {
      if (!only(wish, number)) continue
      report.tried += 1
      const results: string[] = []
      if (wish.asked !== undefined && !wish.words.startsWith('/')) await (wish.task === tasks[1] ? world.olga.chat('/new@molt_test_bot', { in: world.house }) : Promise.all([world.olga.chat('/new'), world.bea.chat('/new')]))
      at.model.use(sensible(wish, results))
      const answer = await (wish.asked ?? ((_, words) => world.client.ask(words, `agent:main:wish-${number}`)))(world, wish.words).catch((error: unknown) => String(error))
      await at.quiet()
      if (results.some((result) => /^(?:Refused|It was not run|The input does not fit|There is no tool)/.test(result))) report.blocked += 1
      if (wish.done(answer, world) && !answer.includes('⚠️')) report.passed += 1
      else report.failed.push(`${wish.task}: ${wish.words}: ${answer.slice(0, 200)} | ${results.map((result) => result.slice(0, 150)).join(' | ')}`)
    }
    return report
  } finally {
    await at.close()
    site.close()
  }
}

/** A model that makes these calls and says what it shall. Stateless: how far it is stands in the request. */
function sensible(wish: Wish, results: string[]): Script {
  return (request) => {
    if (request.lastUserText.startsWith('[Your background command ')) return [say(wish.woken?.(request.lastUserText) || 'NO_REPLY')]
    const from = request.messages.findLastIndex(({ role }) => role === 'user')
    const given = request.messages.slice(from + 1).filter(({ role }) => role === 'tool').map(({ text }) => text)
    results.splice(0, results.length, ...given)
    const next = wish.calls?.[given.length]
    if (next === undefined) return [say(wish.then?.(given, request) || 'I have nothing to say.')]
    const [name, input] = typeof next === 'function' ? next(given) : next
    return [callTool(name, input)]
  }
}

function furnish(workspace: string): void {
  for (const folder of ['notes', 'photos', 'drafts']) mkdirSync(join(workspace, folder), { recursive: true })
  const files: Record<string, string | Buffer> = {
    'shopping.md': 'oat milk, eggs\n', 'tasks.md': 'For today:\n- water the plants\n- pay the rent\n', 'notes/house.md': 'The spare key is with Bea.\n', 'notes/garden.md': 'Turn the compost in May.\n',
    'calendar.ics': 'BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:Dentist\nDTSTART:20261123T090000\nEND:VEVENT\nEND:VCALENDAR\n', 'costs.csv': 'tea,10\nbread,20\nrent,30\n', 'contract.pdf': samplePdf(['This contract runs for twelve months.', 'Notice: three months.']),
    'photos/one.JPG': 'x', 'photos/two.JPG': 'y',
  }
  for (const [path, content] of Object.entries(files)) writeFileSync(join(workspace, path), content)
}

async function startSite(): Promise<Server> {
  const page = (title: string, words: string): string => `<html><head><title>${title}</title></head><body><article><h1>${title}</h1><p>${words} ${'More words of this page. '.repeat(12)}</p></article></body></html>`
  const site = createServer((request, response) => {
    const send = (type: string, body: string | Buffer): void => void response.writeHead(200, { 'content-type': type }).end(body)
    const hit = (title: string, url: string, content: string): void => send('application/json', JSON.stringify({ results: [{ title, url, content }] }))
    switch (`${request.headers.host ?? ''}${(request.url ?? '').split('?')[0] ?? ''}`) {
      case 'search.example/search': return /weather/.test(request.url ?? '') ? hit('Weather in Berlin', 'http://weather.example/berlin', 'Sunny, 21 degrees') : hit('Today', 'http://news.example/today', 'The bridge')
      case 'news.example/today': return send('text/html', page('Today', 'Bridge opens on the first of December.'))
      case 'docs.example/report.pdf': return send('application/pdf', samplePdf(['Profit rose by a tenth.']))
      case 'shop.example/': return send('text/html', page('Shop', '<a href="http://shop.example/tea">Tea</a>'))
      case 'shop.example/tea': return send('text/html', page('Tea', 'Green tea, 4.50 a bag.'))
      case 'other.example/tea': return send('text/html', page('Tea', 'Green tea, 3.90 a bag.'))
      case 'api.example/rate.json': return send('application/json', '{"rate":1.08}')
      default: return void response.writeHead(404).end()
    }
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => site.once('listening', resolve))
  return site
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const begun = Date.now()
  const report = await everyday()
  console.log(JSON.stringify({ ...report, seconds: Math.round((Date.now() - begun) / 1_000) }, null, 2))
  process.exitCode = report.passed / report.tried >= 0.97 && report.blocked / report.tried <= 0.02 && report.questions <= 5 ? 0 : 1
}
