import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AgentId, GrantName, PrincipalId, SessionKey, StatusFacts } from '@moltbot/contract'
import { countingIds, FakeClock } from '@moltbot/contract/testing'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createGrants } from './create-grants.ts'

let base: string
beforeEach(() => { base = mkdtempSync(join(tmpdir(), 'moltbot-grants-')) })
afterEach(() => rmSync(base, { recursive: true, force: true }))

const subject = { agent: 'main' as AgentId, session: 'agent:main:main' as SessionKey, principal: 'owner' as PrincipalId }
const make = () => createGrants({
  workspaceOf: (agent) => { if (agent !== subject.agent) throw new Error('no such agent'); return base },
  describeStatus: async (who) => ({ session: String(who.session) }) as StatusFacts,
  clock: new FakeClock(5),
  newId: countingIds(),
})

test('hands out exactly what is asked for', async () => {
  const grants = make().grants(['files.write', 'clock'], subject)
  expect(Object.keys(grants)).toEqual(['files.write', 'clock'])
  expect(grants['files.write']).not.toHaveProperty('read')
  expect(grants.clock.now()).toBe(5)
  expect(make().grants([], subject)).toEqual({})
})

test('readers cannot write', () => {
  expect(make().grants(['files.read'], subject)['files.read']).not.toHaveProperty('write')
})

test('status is this subject\'s', async () => {
  expect(await make().grants(['status'], subject).status.describe()).toEqual({ session: 'agent:main:main' })
})

test.each(['toString', '__proto__', 'network', ''])('there is no grant called %j', (name) => {
  expect(() => make().grants(['clock', name as GrantName], subject)).toThrow(expect.objectContaining({ code: 'grant-unknown' }))
})
