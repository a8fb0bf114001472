import { expect, it } from 'vitest'
import { createLeakScan } from './leak-scan.ts'

it('finds what it was told of, until that opens nothing any more; what another value shares is still found', () => {
  const scan = createLeakScan()
  const encoded = Buffer.from('an-access-token-of-today').toString('hex')
  scan.add('an-access-token-of-today')
  scan.add('AN-ACCESS-TOKEN-OF-TODAY')
  expect([scan.found(`q=${encoded}`), scan.found('say an-access-token-of-today'), scan.found('nothing')]).toEqual([true, true, false])
  scan.drop('AN-ACCESS-TOKEN-OF-TODAY')
  scan.drop('never told of it at all')
  expect(scan.found('say an-access-token-of-today')).toBe(true)
  scan.drop('an-access-token-of-today')
  expect([scan.found(`q=${encoded}`), scan.found('say an-access-token-of-today')]).toEqual([false, false])
})
