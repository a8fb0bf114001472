import { expect, it } from 'vitest'
import { nearestName } from './nearest-name.ts'

it.each([['stauts', 'status'], ['sess', 'sessions'], ['gatwey', 'gateway'], ['STATUS', 'status'], ['xyz', undefined], ['s', undefined]])('%s means %s', (typed, meant) => {
  expect(nearestName(typed, ['status', 'sessions', 'gateway'])).toBe(meant)
})
