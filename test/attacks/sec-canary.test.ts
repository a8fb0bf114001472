import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { searchForCanaries } from '../campaigns/canary.ts'

it('CRD-06 what was planted is found nowhere else after a round of everything', async () => {
  expect(await searchForCanaries({ rounds: 1 })).toEqual([])
})

it('negative twin: a part that writes them down somewhere is found, also when it encodes them', async () => {
  const leaks = await searchForCanaries({
    rounds: 1,
    meanwhile: async (at, secrets) => {
      for (const [number, secret] of secrets.entries()) appendFileSync(join(at.stateDir, 'sessions', 'notes.txt'), `${number % 2 === 0 ? secret : Buffer.from(secret).toString('base64')}\n`)
    },
  })
  expect(leaks.map(({ where }) => where)).toEqual(Array.from({ length: 6 }, () => join('.moltbot', 'sessions', 'notes.txt')))
})
