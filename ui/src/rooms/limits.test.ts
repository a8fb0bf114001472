import { expect, it } from 'vitest'
import { patchOf } from './config-form.ts'
import { limitChange, limitsOf, readAmount } from './limits.ts'
import type { Cap } from './money.ts'

const cap = (scope: string, id: string, period: string, path: string, capUsd: number): Cap => ({ scope, id, period, path, capUsd, spentUsd: 0.1, leftUsd: capUsd - 0.1, resetsAt: 7 })

it('lists what is written, what is off, and what holds for those who are not named', () => {
  const effective = { budgets: { daily: 5, monthly: 'off', perTurn: 1, byPrincipal: { '*': { daily: 1 }, kid: { daily: 0.5 } }, byAgent: {}, byChannel: {} } }
  const caps = [cap('gateway', '', 'day', 'budgets.daily', 5), cap('person', 'kid', 'day', 'budgets.byPrincipal.kid.daily', 0.5), cap('person', 'aunt', 'day', 'budgets.byPrincipal.*.daily', 1)]
  expect(limitsOf(effective, caps).map(({ scope, id, period, amount, shared, spent }) => [scope, id, period, amount, shared, spent?.usd])).toEqual([
    ['gateway', '', 'day', 5, false, 0.1], ['gateway', '', 'month', 'off', false, undefined], ['gateway', '', 'turn', 1, false, undefined],
    ['person', 'kid', 'day', 0.5, false, 0.1], ['person', '*', 'day', 1, false, undefined], ['person', 'aunt', 'day', 1, true, 0.1],
  ])
})

it('writes one key, and takes a name away with its last limit', () => {
  const parsed = { budgets: { byPrincipal: { kid: { daily: 1 }, aunt: { daily: 1, monthly: 9 } } } }
  const patch = (steps: string[], amount: number | 'off' | undefined): unknown => patchOf([limitChange(parsed, parsed, steps, amount)])
  expect(patch(['budgets', 'daily'], 3)).toEqual({ budgets: { daily: 3 } })
  expect(patch(['budgets', 'daily'], undefined)).toEqual({ budgets: { daily: null } })
  expect(patch(['budgets', 'byPrincipal', 'kid', 'daily'], undefined)).toEqual({ budgets: { byPrincipal: { kid: null } } })
  expect(patch(['budgets', 'byPrincipal', 'aunt', 'daily'], undefined)).toEqual({ budgets: { byPrincipal: { aunt: { daily: null } } } })
  expect(patch(['budgets', 'byPrincipal', 'a.b', 'monthly'], 'off')).toEqual({ budgets: { byPrincipal: { 'a.b': { monthly: 'off' } } } })
})

it('reads amounts as people type them, and nothing else', () => {
  expect(['3', '3,50', ' $2.5 ', 'US$ 1', '0'].map(readAmount)).toEqual([3, 3.5, 2.5, 1, 0])
  expect(['', 'three', '-1', '1e9', '1.2.3', 'Infinity'].map(readAmount)).toEqual(Array.from({ length: 6 }))
})
