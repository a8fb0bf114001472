import { beforeEach, expect, it } from 'vitest'
import type { AgentId, PrincipalId, SessionKey } from '@moltbot/contract'
import { webGrants, type WebSource, type WebSubject } from './web-grants.ts'

let asked: string[]
let identities: unknown[]
let took: number
/** What the turn may reach; the judge's side. */
let reachable: (url: string) => boolean
beforeEach(() => { asked = []; identities = []; took = 0; reachable = () => true })
const subject: WebSubject = {
  agent: 'main' as AgentId, session: 'agent:main:main' as SessionKey, principal: 'owner' as PrincipalId, owner: true,
  label: { tainted: () => false, mayReach: (url) => reachable(url), tookStrange: () => { took += 1 } },
}
const signal = new AbortController().signal
const source: WebSource = {
  async read(who, url) {
    asked.push(url)
    identities.push(who)
    return { url, status: 200, contentType: 'text/html', title: '', text: 'x', truncated: false, boundary: 'b', links: ['https://linked.example/'] }
  },
  async picture(_who, url) {
    asked.push(url)
    return { url, mimeType: 'image/png', data: 'AAAA', boundary: 'b' }
  },
  async file(who, url) {
    asked.push(url)
    identities.push(who)
    return { fileName: 'a.pdf', bytes: Buffer.from(url) }
  },
  search: async () => ({ hits: [{ title: 't', url: 'https://found.example/', snippet: '' }], provider: 'p', boundary: 'b' }),
  pdf: async (bytes) => ({ text: bytes.toString(), truncated: false, boundary: 'b' }),
}
const make = () => webGrants({ source, readBytes: async (_, path) => Buffer.from(`bytes of ${path}`) })
const codeOf = (work: Promise<unknown>): Promise<string> => work.then(() => 'ok', (error: { code: string }) => error.code)
const read = (grants: ReturnType<typeof make>, url: string, who = subject) => codeOf(grants.web(who).read(url, { as: 'markdown' }, signal))

it('reaches only what the turn may reach', async () => {
  reachable = (url) => url === 'https://judged.example/'
  const grants = make()
  expect([await read(grants, 'https://judged.example/'), await read(grants, 'https://judged.example/?q=SECRET')]).toEqual(['ok', 'web-address-unknown'])
  expect(await codeOf(grants.web(subject).picture('https://judged.example/?q=SECRET', signal))).toBe('web-address-unknown')
  expect(await codeOf(grants.web(subject).picture('https://judged.example/', signal))).toBe('ok')
  const file = async (url: string): Promise<string> => codeOf((async () => grants.file(subject, url, signal))())
  expect([await file('https://judged.example/?q=SECRET'), await file('https://judged.example/')]).toEqual(['web-address-unknown', 'ok'])
  expect(asked).toEqual(['https://judged.example/', 'https://judged.example/', 'https://judged.example/'])
})

it('reaches nothing for a call of which nobody says whose words steer it', async () => {
  const { label: _, ...unlabelled } = subject
  expect(await read(make(), 'https://a.example/', unlabelled)).toBe('web-address-unknown')
})

it('says of pages, hits and documents that they are strangers\' words, and hands over no links', async () => {
  const grants = make()
  expect(await grants.web(subject).read('https://a.example/', { as: 'text' }, signal)).not.toHaveProperty('links')
  await grants.web(subject).search({ query: 'x' }, signal)
  await grants.web(subject).picture('https://a.example/a.png', signal)
  expect(await grants.documents(subject).pdf('a.pdf', {}, signal)).toMatchObject({ text: 'bytes of a.pdf' })
  expect(took).toBe(4)
})

it('acts as whose turn it is', async () => {
  await read(make(), 'https://a.example/', { agent: subject.agent, session: subject.session, principal: 'someone' as PrincipalId, label: { tainted: () => true, mayReach: () => true, tookStrange: () => undefined } })
  expect(identities).toEqual([{ use: 'web', agent: 'main', principal: 'someone', owner: false, session: 'agent:main:main' }])
})
