import { Value } from 'typebox/value'
import type { TSchema } from 'typebox'
import { describe, expect, it } from 'vitest'
import { gatewaySection } from './config.ts'

describe('the gateway section', () => {
  it('is safe as it comes', () => {
    expect(Value.Default(gatewaySection.schema, {})).toMatchObject({
      port: 18789, bind: 'loopback', auth: { mode: 'token', rateLimit: { maxAttempts: 10, windowMs: 60_000, lockoutMs: 300_000 } },
      controlUi: { enabled: true, allowedOrigins: [], allowInsecureAuth: false }, trustedProxies: [], http: { endpoints: { chatCompletions: { enabled: true } } }, tls: { enabled: false },
    })
    expect(Value.Check(gatewaySection.schema, Value.Default(gatewaySection.schema, {}))).toBe(true)
  })

  it('describes every key and gives each a default', () => {
    const walk = (schema: TSchema & { properties?: Record<string, TSchema>; description?: string; default?: unknown }, path: string): string[] => [
      ...(schema.description === undefined || schema.default === undefined ? [path] : []),
      ...Object.entries(schema.properties ?? {}).flatMap(([key, inner]) => walk(inner, `${path}.${key}`)),
    ]
    expect(walk(gatewaySection.schema, 'gateway')).toEqual([])
  })

  it('names every key that holds a secret', () => {
    expect(gatewaySection.secrets).toEqual(['auth.token', 'auth.previousToken', 'auth.password', 'auth.passwordHash', 'remote.token', 'remote.password'])
  })
})
