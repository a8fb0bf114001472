import { describe, expect, it } from 'vitest'
import Value from 'typebox/value'
import type { Channel } from '../channel.ts'
import { abilityCases } from './channel-abilities.ts'
import { doorCases } from './channel-door.ts'
import { buttonCases, fileCases } from './channel-files.ts'
import { incomingCases } from './channel-incoming.ts'
import { createChannelKit } from './channel-kit.ts'
import { lifetimeCases } from './channel-lifetime.ts'
import type { ChannelNetwork } from './channel-network.ts'
import { outgoingCases } from './channel-outgoing.ts'

export interface ChannelSuite {
  channel: Channel
  start(): Promise<ChannelNetwork>
}

/**
 * What every channel must do, whatever network it speaks to. The cases work at the level of the contract: a network that
 * delivers at least once becomes a journey where nothing is lost and nothing is doubled only if all of this holds.
 */
export function testChannel({ channel, start }: ChannelSuite): void {
  const kit = createChannelKit(channel, start)
  definitionCases(channel)
  incomingCases(kit)
  outgoingCases(kit)
  abilityCases(kit)
  fileCases(kit)
  buttonCases(kit)
  lifetimeCases(kit)
  doorCases(kit)
}

function definitionCases(channel: Channel): void {
  describe(`${channel.id}: the definition`, () => {
    it('has a section under channels whose every key is described', () => {
      expect(channel.config.path).toBe(`channels.${channel.id}`)
      const undescribed: string[] = []
      const walk = (schema: Record<string, unknown>, path: string): void => {
        for (const [name, property] of Object.entries((schema.properties ?? {}) as Record<string, Record<string, unknown>>)) {
          if (typeof property.description !== 'string' || property.description === '') undescribed.push(`${path}.${name}`)
          walk(property, `${path}.${name}`)
        }
      }
      walk(channel.config.schema as unknown as Record<string, unknown>, channel.config.path)
      expect(undescribed).toEqual([])
    })

    it('accepts a section whose keys are all absent, and can be switched off', () => {
      const values = Value.Default(channel.config.schema, {})
      expect([...Value.Errors(channel.config.schema, values)]).toEqual([])
      expect(values).toHaveProperty('enabled')
    })

    it('names only existing keys as secrets', () => {
      const known = (path: string): boolean => {
        let schema = channel.config.schema as unknown as Record<string, unknown> | undefined
        for (const step of path.split('.')) {
          const properties = schema?.properties as Record<string, Record<string, unknown>> | undefined
          const patterns = schema?.patternProperties as Record<string, Record<string, unknown>> | undefined
          schema = step === '*' ? Object.values(patterns ?? {})[0] : properties?.[step]
        }
        return schema !== undefined
      }
      expect((channel.config.secrets ?? []).filter((path) => !known(path))).toEqual([])
    })
  })
}
