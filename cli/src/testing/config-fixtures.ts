import type { OfflineConfig } from '@moltbot/contract'
import type { FakeCall, FakeMethods } from './fake-gateway.ts'
import { WireError } from './fake-gateway.ts'

/** A gateway's configuration methods over one small document; `writes` are the patches it took. */
export function fakeConfig(): { methods: FakeMethods; writes: unknown[] } {
  const writes: unknown[] = []
  let version = 1
  return {
    writes,
    methods: {
      'config.get': () => ({
        path: '/state/moltbot.json', exists: true, hash: `h${version}`, parsed: { gateway: { port: 18_789 } }, config: { gateway: { port: 18_789 }, models: { providers: { 'my.host': { baseUrl: 'x' } } }, name: 'bad\u001b[2J' },
        valid: false, issues: [{ path: 'gateway.port', line: 3, column: 9, message: 'gateway.port: expected a whole number' }], warnings: [{ path: 'gatway', line: 1, column: 1, message: 'unknown key gatway' }],
      }),
      'config.schema': { schema: { type: 'object', properties: { gateway: { properties: { port: { type: 'integer', description: 'Port' } } }, models: { properties: { providers: { additionalProperties: { properties: { baseUrl: { type: 'string' } } } } } } } } },
      'config.patch': ({ params }: FakeCall) => {
        if (params['baseHash'] !== `h${version}`) throw new WireError('INVALID_REQUEST', 'config changed since last load; re-run config.get and retry')
        const change = JSON.parse(String(params['raw'])) as { gateway?: { port?: unknown } }
        if (change.gateway?.port === 'abc') throw new WireError('INVALID_REQUEST', 'invalid config', { issues: [{ path: 'gateway.port', message: 'gateway.port: expected a whole number from 1 to 65535' }] })
        version += 1
        writes.push(change)
        return { ok: true, path: '/state/moltbot.json' }
      },
    },
  }
}

/** Configuration without a gateway, in memory. `done` is what was asked of it. */
export function fakeOffline(file = '/offline/moltbot.json'): OfflineConfig & { done: unknown[] } {
  const done: unknown[] = []
  return {
    done,
    file,
    get: async () => ({ gateway: { port: 1 } }),
    set: async (path, value) => void done.push(['set', path, value]),
    unset: async (path) => void done.push(['unset', path]),
    validate: async () => [],
    schema: async () => ({ type: 'object', properties: { gateway: { type: 'object' } } }),
    testPolicy: async () => ({ file: '/offline/policy-expectations.json5', results: [], fault: null }),
  }
}
