import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { CredentialRow, credentialRow } from '../wire/credential-rows.ts'
import { ignored, open, Time } from '../wire/params.ts'

export const modelsAuthStatus = defineMethod({
  name: 'models.authStatus',
  scope: 'operator.read',
  summary: 'The credentials of each provider in the order in which they are used, what needs a person, and how one can sign in.',
  params: open(ignored('agentId', 'refresh', 'providers')),
  result: Type.Object({
    ts: Time,
    providers: Type.Array(Type.Object({ provider: Type.String(), ways: Type.Array(Type.Union([Type.Literal('device'), Type.Literal('browser')])), profiles: Type.Array(CredentialRow) })),
  }),
  async handle(_params, rooms) {
    const { credentials } = rooms.models
    const [all, ways] = [(await credentials?.list()) ?? [], credentials?.ways() ?? {}]
    const names = [...new Set([...all.map(({ provider }) => provider), ...Object.keys(ways)])]
    return { ts: Math.round(rooms.clock.now()), providers: names.map((provider) => ({ provider, ways: ways[provider] ?? [], profiles: all.filter((each) => each.provider === provider).map(credentialRow) })) }
  },
})
