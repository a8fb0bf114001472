import { expect, it } from 'vitest'
import { keyProviders as inTheTerminal } from '../../../cli/src/onboard/key-providers.ts'
import { keyProviders } from './key-providers.ts'

it('the page offers the providers that the terminal does, in its order and with its words', () => {
  expect(keyProviders).toEqual(inTheTerminal.map(({ id, label, page }) => ({ id, label, page })))
})
