import Value from 'typebox/value'
import { expect, it } from 'vitest'
import { guildsLeftOut, inCommonNames, type DiscordConfig } from './config.ts'
import { discordSection } from './index.ts'

const [family, work, general, secret] = ['234567890123456789', '345678901234567890', '456789012345678901', '567890123456789012']
const anna = '123456789012345678'
const configOf = (given: Record<string, unknown>): DiscordConfig => {
  const config = Value.Default(discordSection.schema, structuredClone(given)) as DiscordConfig
  expect([...Value.Errors(discordSection.schema, config)]).toEqual([])
  return config
}

it('channels of servers, as other programs of the family write them, are groups: what a channel says is stronger than its server', () => {
  const config = inCommonNames(configOf({ guilds: {
    [family]: { slug: 'family', requireMention: true, users: [anna], tools: { deny: ['exec'] }, channels: { [general]: { allow: true, requireMention: false }, [secret]: { enabled: false, users: ['1'] } } },
    [work]: { channels: { [work]: { allow: false } } },
  } }))
  expect(config.groups).toEqual({
    [general]: { requireMention: false, allowFrom: [anna], tools: { deny: ['exec'] } },
    [secret]: { requireMention: true, allowFrom: ['1'], tools: { deny: ['exec'] }, enabled: false },
    [work]: { enabled: false },
  })
  expect(inCommonNames(config)).toEqual(config)
})

it('a group of one’s own is stronger, and every server is every channel', () => {
  const config = inCommonNames(configOf({ groups: { [general]: { requireMention: true } }, guilds: { '*': { requireMention: false, channels: { '*': { users: [anna] }, [general]: { requireMention: false } } } } }))
  expect(config.groups).toEqual({ '*': { requireMention: false, allowFrom: [anna] }, [general]: { requireMention: true } })
  expect(inCommonNames(configOf({ guilds: { '*': {} } })).groups).toEqual({ '*': {} })
})

it('what names no channel opens none, and is told', () => {
  const config = configOf({ guilds: { [family]: { requireMention: false }, [work]: { channels: { general: { allow: true }, '*': { allow: true } } } } })
  expect(inCommonNames(config).groups).toEqual({})
  expect(guildsLeftOut(config)).toEqual([family, `${work}/general`, `${work}/*`])
})

it('a configuration without any stays as it is', () => {
  expect(inCommonNames(configOf({})).groups).toEqual({})
})
