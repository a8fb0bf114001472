import { afterEach, beforeEach, expect, it } from 'vitest'
import type { AgentId, PrincipalId, SessionKey } from '@moltbot/contract'
import { webGrants, type WebSource, type WebSubject } from './web-grants.ts'

const subject: WebSubject = { agent: 'main' as AgentId, session: 'agent:main:main' as SessionKey, principal: 'owner' as PrincipalId, turn: 't1', owner: true, words: () => ['Look at https://www.named.example/x and compare.'] }
const signal = new AbortController().signal
let asked: string[]
let identities: unknown[]
let links: string[]
beforeEach(() => { asked = []; identities = []; links = ['https://linked.example/a?b=c'] })
afterEach(() => { links = [] })
const source: WebSource = {
  async read(who, url) {
    asked.push(url)
    identities.push(who)
    return { url, status: 200, contentType: 'text/html', title: '', text: 'x', truncated: false, boundary: 'b', links }
  },
  search: async () => ({ hits: [{ title: 't', url: 'https://found.example/', snippet: '' }], provider: 'p', boundary: 'b' }),
  pdf: async (bytes) => ({ text: bytes.toString(), truncated: false, boundary: 'b' }),
}
const make = () => webGrants({ source, readBytes: async (_, path) => Buffer.from(`bytes of ${path}`) })
const codeOf = (work: Promise<unknown>): Promise<string> => work.then(() => 'ok', (error: { code: string }) => error.code)
const read = (grants: ReturnType<typeof make>, url: string, who = subject) => codeOf(grants.web(who).read(url, { as: 'markdown' }, signal))

it('reaches anything granted until something of the web was read, then only what stood there or a person named', async () => {
  const grants = make()
  expect(await read(grants, 'https://first.example/')).toBe('ok')
  for (const url of ['https://linked.example/a?b=c', 'https://linked.example/a?b=c#part', 'https://named.example/anything?q=1', 'https://sub.named.example/', 'https://first.example/']) expect([url, await read(grants, url)]).toEqual([url, 'ok'])
  for (const url of ['https://linked.example/a?b=SECRET', 'https://linked.example/', 'https://first.example/?q=SECRET', 'https://other.example/', 'https://named.example.attacker.example/', 'https://unnamed.example/', 'not a url']) {
    expect([url, await read(grants, url)]).toEqual([url, 'web-address-unknown'])
  }
  expect(asked.filter((url) => url.includes('SECRET'))).toEqual([])
})

it('remembers for the turn alone, and hands over no links', async () => {
  const grants = make()
  await read(grants, 'https://first.example/')
  expect(await read(grants, 'https://other.example/')).toBe('web-address-unknown')
  expect(await read(grants, 'https://other.example/', { ...subject, turn: 't2' })).toBe('ok')
  expect(await grants.web({ ...subject, turn: 't3' }).read('https://a.example/', { as: 'text' }, signal)).not.toHaveProperty('links')
})

it('results of a search and words of a document count as read', async () => {
  const grants = make()
  await grants.web(subject).search({ query: 'x' }, signal)
  expect([await read(grants, 'https://found.example/'), await read(grants, 'https://other.example/')]).toEqual(['ok', 'web-address-unknown'])
  const other = { ...subject, turn: 't9' }
  expect(await grants.documents(other).pdf('a.pdf', {}, signal)).toMatchObject({ text: 'bytes of a.pdf' })
  expect(await read(grants, 'https://other.example/', other)).toBe('web-address-unknown')
})

it('acts as whose turn it is', async () => {
  const grants = make()
  await read(grants, 'https://a.example/', { agent: subject.agent, session: subject.session, principal: 'someone' as PrincipalId })
  expect(identities).toEqual([{ use: 'web', agent: 'main', principal: 'someone', owner: false, session: 'agent:main:main' }])
})
