import { describe, expect, it } from 'vitest'
import { configPath } from './config-path.ts'

describe('configPath', () => {
  it.each([
    ['gateway.port', ['gateway', 'port']],
    ['a["b.c"].d', ['a', 'b.c', 'd']],
    ['a[x].y', ['a', 'x', 'y']],
    ['a-b.c_d', ['a-b', 'c_d']],
  ])('%s', (path, keys) => {
    expect(configPath(path)).toEqual(keys)
  })

  it.each(['', '.', 'a..b', 'a.', 'a b', '__proto__.x', 'a.constructor', 'a["b'])('refuses %j', (path) => {
    expect(() => configPath(path)).toThrow()
  })
})
