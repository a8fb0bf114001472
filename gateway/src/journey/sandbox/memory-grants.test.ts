import { beforeEach, describe, expect, it } from 'vitest'
import type { MemoryHit, Origin, PrincipalId, SessionKey } from '@moltbot/contract'
import type { Memory, MemoryPlace } from '../../foundation/memory/index.ts'
import { memoryGrants, type MemorySubject } from './memory-grants.ts'

interface Subject extends MemorySubject { principal: PrincipalId }
const owner = 'owner' as PrincipalId
const bea = 'm1' as PrincipalId
const hit = (path: string, whose: PrincipalId, origin?: Origin): MemoryHit => ({ path, line: 1, text: 'x', day: null, source: null, owner: whose, score: 1, ...(origin === undefined ? {} : { origin }) })

let hits: MemoryHit[]
let searched: string[][]
let got: { root: string; path: string }[]
let written: { root: string; origin: Origin | undefined; day: string; source: string }[]
let marked: string[]
let took: number
let originOfText: Origin | undefined
beforeEach(() => { hits = []; searched = []; got = []; written = []; marked = []; took = 0; originOfText = undefined })

const place = (principal: PrincipalId): MemoryPlace => ({ root: `/${principal}`, principal }) as MemoryPlace
const memory = {
  search: async (places: MemoryPlace[]) => { searched.push(places.map(({ root }) => root)); return { hits, boundary: 'b' } },
  get: async ({ root }: MemoryPlace, path: string) => { got.push({ root, path }); return { text: 'x', from: 1, to: 1, of: 1, boundary: 'b', ...(originOfText === undefined ? {} : { origin: originOfText }) } },
  write: async ({ root }: MemoryPlace, entry: { origin?: Origin; day: string; source: string }) => { written.push({ root, origin: entry.origin, day: entry.day, source: entry.source }); return { path: 'memory/x.md', added: 1 } },
} as unknown as Memory
const grants = memoryGrants<Subject>({
  memory, today: () => '2026-11-22', place: ({ principal }) => place(principal), shared: ({ principal }) => (principal === owner ? undefined : place(owner)), mark: async (_subject, path) => void marked.push(path),
})
const subject = (principal: PrincipalId, privy: boolean | undefined, origin?: Origin): Subject => ({
  principal, session: 'agent:main:main' as SessionKey, ...(privy === undefined ? {} : { privy }),
  label: { tainted: () => origin !== undefined, origin: () => origin, mayReach: () => true, tookStrange: () => { took += 1 } },
})
const codeOf = (work: Promise<unknown>): Promise<string> => work.then(() => 'ok', (error: { code: string }) => error.code)

describe('what one person told', () => {
  it('is looked for in their own place, and in what the owner shared', async () => {
    await grants(subject(owner, true)).search('x', 0)
    await grants(subject(bea, true)).search('x', 0)
    expect(searched).toEqual([['/owner'], ['/m1', '/owner']])
  })
  it('is not found, read or added to where others read along, but for what is shared', async () => {
    hits = [hit('MEMORY.md', owner), hit('memory/shared.md', owner)]
    for (const where of [subject(owner, false), subject(owner, undefined)]) {
      expect((await grants(where).search('x', 0)).hits.map(({ path }) => path)).toEqual(['memory/shared.md'])
      expect(await codeOf(grants(where).get('MEMORY.md', 1, 10))).toBe('memory-private')
      expect(await codeOf(grants(where).get('./memory/shared.md', 1, 10))).toBe('ok')
      expect(await codeOf(grants(where).write('x', { lasting: false, shared: true }))).toBe('memory-private')
    }
    expect(written).toEqual([])
  })
  it('is read where it lies: shared lines with the owner, everything else with whoever asks', async () => {
    await grants(subject(bea, true)).get('MEMORY.md', 1, 10)
    await grants(subject(bea, true)).get('memory/shared.md', 1, 10)
    expect(got).toEqual([{ root: '/m1', path: 'MEMORY.md' }, { root: '/owner', path: 'memory/shared.md' }])
  })
})

describe('words from outside', () => {
  it('that are found or read again mark the turn that reads them, and others do not', async () => {
    hits = [hit('MEMORY.md', owner)]
    await grants(subject(owner, true)).search('x', 0)
    await grants(subject(owner, true)).get('MEMORY.md', 1, 10)
    expect(took).toBe(0)
    hits = [hit('memory/2026-11-22-outside.md', owner, 'external')]
    await grants(subject(owner, true)).search('x', 0)
    originOfText = 'member'
    await grants(subject(owner, true)).get('MEMORY.md', 1, 10)
    expect(took).toBe(2)
  })
  it('do not mark a turn that is not shown them', async () => {
    hits = [hit('memory/2026-11-22-outside.md', owner, 'external')]
    await grants(subject(owner, false)).search('x', 0)
    expect(took).toBe(0)
  })
  it('that steer a turn go into what it notes, and the file is marked; without a label they count as a stranger\'s', async () => {
    await grants(subject(owner, true)).write('x', { lasting: true, shared: false })
    await grants(subject(owner, true, 'member')).write('x', { lasting: true, shared: false })
    const { label: _, ...unlabelled } = subject(owner, true)
    await grants(unlabelled).write('x', { lasting: true, shared: false })
    expect(written.map(({ origin }) => origin)).toEqual([undefined, 'member', 'external'])
    expect(marked).toEqual(['memory/x.md', 'memory/x.md'])
    expect(written[0]).toMatchObject({ root: '/owner', day: '2026-11-22', source: 'agent:main:main' })
  })
})
