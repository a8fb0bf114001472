import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { memoryLogger, realClock } from '@moltbot/contract/testing'
import { configSections, createConfig, formatPath, parsePath, valueAt, type Config } from '../../gateway/src/foundation/config/index.ts'
import { gatewaySection } from '../../gateway/src/api/config.ts'
import { fuzzRuns } from '../support/fuzz-runs.ts'

const poison = fc.constantFrom('__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', '__defineGetter__', 'valueOf')
const step = fc.oneof(poison, fc.constantFrom('gateway', 'port', 'auth', 'token', 'a.b', 'a[0]', '"', '\'', '\\', '', ' ', ']'), fc.string({ unit: 'binary', maxLength: 6 }))
const noise = fc.array(fc.constantFrom('.', '[', ']', '["', '"]', '[\'', '\']', '\\', '0', 'a', '__proto__', ' ', '\n', '\u0000', '*'), { maxLength: 10 }).map((parts) => parts.join(''))

describe('CFG-02: paths', () => {
  it('CFG-02: what is written as a path is read back as its steps, step for step', () => {
    fc.assert(fc.property(fc.array(step, { minLength: 1, maxLength: 6 }), (steps) => {
      expect(parsePath(formatPath(steps))).toEqual(steps)
    }), fuzzRuns(1_500))
  })

  it('CFG-02: any text is a path or none, never a failure, and reading along it stays among own properties', () => {
    fc.assert(fc.property(fc.oneof(noise, fc.string({ unit: 'binary', maxLength: 20 })), (text) => {
      const steps = parsePath(text)
      if (steps === undefined) return
      expect(steps.length).toBeGreaterThan(0)
      expect(valueAt({ a: { b: 1 } }, steps.filter((each) => each !== 'a' && each !== 'b').slice(0, 3))).not.toBeTypeOf('function')
      expect(parsePath(formatPath(steps))).toEqual(steps)
    }), fuzzRuns(1_500))
  })
})

describe('CFG-02: writing', () => {
  let folder: string
  let config: Config
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'config-paths-'))
    config = await createConfig({ stateDir: folder, sections: [...configSections, gatewaySection], environment: {}, clock: realClock, log: memoryLogger(), watch: false, onSecret: () => undefined, secrets: { get: () => undefined } })
  })
  afterAll(async () => {
    await config.close()
    rmSync(folder, { recursive: true })
  })
  const value = fc.oneof(fc.constantFrom(1, 'x', true, null, {}, [], JSON.parse('{"__proto__":{"polluted":1}}') as object, JSON.parse('{"constructor":{"prototype":{"polluted":1}}}') as object), fc.jsonValue({ maxDepth: 2 }))
  const root = (): string => { try { return readFileSync(join(folder, 'moltbot.json'), 'utf8') } catch { return '' } }
  const before = Object.getOwnPropertyNames(Object.prototype).join()

  it('CFG-02: nothing that is set or merged ever reaches what all objects have, and what is refused changes nothing', async () => {
    const path = fc.array(fc.oneof(poison, fc.constantFrom('gateway', 'port', 'auth', 'mode', 'trustedProxies', 'limits')), { minLength: 1, maxLength: 4 })
    await fc.assert(fc.asyncProperty(path, value, fc.boolean(), async (steps, given, merge) => {
      const text = root()
      const work = merge
        ? config.patch(JSON.parse(steps.reduceRight<string>((inner, each) => `{${JSON.stringify(each)}:${inner}}`, JSON.stringify(given))) as Record<string, unknown>, config.snapshot().hash)
        : config.set(formatPath(steps), given)
      const refused = await work.then(() => false, (error: unknown) => { expect((error as { code?: string }).code).toMatch(/^config-/); return true })
      if (refused) expect(root()).toBe(text)
      expect(Object.getOwnPropertyNames(Object.prototype).join()).toBe(before)
      expect(({} as Record<string, unknown>)['polluted']).toBe(undefined)
      expect(root()).not.toMatch(/"(?:__proto__|constructor|prototype)"\s*:/)
      expect(config.get(gatewaySection).port).toBeTypeOf('number')
    }), fuzzRuns(50))
  })
})
