import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { tokenKeys } from '../wire/channel-account.ts'
import { closed } from '../wire/params.ts'

export const channelsCatalog = defineMethod({
  name: 'channels.catalog',
  scope: 'operator.read',
  summary: 'The messaging networks this gateway can join, what each needs to log in, and whether it has that.',
  params: closed({}),
  result: Type.Object({
    channels: Type.Array(Type.Object({
      id: Type.String(), label: Type.String(), title: Type.String(),
      /** Where its keys stand in the configuration. */
      path: Type.String(),
      enabled: Type.Boolean(),
      /** Secrets, by their key in the section. `set`: a value is there, wherever it is kept. */
      tokens: Type.Array(Type.Object({ key: Type.String(), help: Type.String(), set: Type.Boolean() })),
      /** Whether a person logs in by steps on their telephone. */
      login: Type.Boolean(),
      /** Whether a code to type can take the place of the one to scan: hand `phone` to `web.login.start`. */
      loginByNumber: Type.Boolean(),
      /** Who may write, as in force: `dmPolicy`, `groupPolicy` and `requireMention` where the channel has them. */
      policies: Type.Record(Type.String(), Type.Union([Type.String(), Type.Boolean()])),
    })),
  }),
  async handle(_params, rooms) {
    const channels = await Promise.all(rooms.channels.filter((channel) => channel.senders === 'platform').map(async (channel) => {
      const section = rooms.config.get(channel.config) as Record<string, unknown>
      const properties = (channel.config.schema as { properties?: Record<string, { description?: string }> }).properties ?? {}
      const policies = Object.fromEntries(['dmPolicy', 'groupPolicy', 'requireMention'].flatMap((key) => {
        const value = section[key]
        return typeof value === 'string' || typeof value === 'boolean' ? [[key, value] as const] : []
      }))
      return {
        id: channel.id, label: channel.label, title: channel.config.title, path: channel.config.path, enabled: section['enabled'] !== false, policies, login: channel.login !== undefined, loginByNumber: channel.login !== undefined && channel.loginByNumber === true,
        tokens: await Promise.all(tokenKeys(channel).map(async (key) => ({
          key, help: properties[key]?.description ?? '',
          // A reference that leads nowhere is no login either; channels.status says why.
          set: await rooms.config.secrets.get(`${channel.config.path}.${key}`).then((secret) => secret !== undefined, () => false),
        }))),
      }
    }))
    return { channels }
  },
})
