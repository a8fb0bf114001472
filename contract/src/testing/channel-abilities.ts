import { describe, expect, it } from 'vitest'
import { abilitiesOf } from '../abilities.ts'
import type { ChannelKit } from './channel-kit.ts'

/** What one run of the suite saw of a channel, as it lies beside its test in `abilities.json`. */
export interface SeenAbilities extends ReturnType<typeof abilitiesOf> { label: string; own: boolean; places: string[]; robots: boolean }

/** What the channel can do is written down by this run, and a run that finds something else fails: the table in the docs is made of nothing else. */
export function abilityCases({ channel, line }: ChannelKit): void {
  describe(`${channel.id}: its abilities`, () => {
    it('are those that are written down (when they changed: `npx vitest run <this file> -u`, then `npm run generate`)', async () => {
      const { network, connection } = await line()
      const seen: SeenAbilities = { label: channel.label, own: channel.senders === 'authenticated', ...abilitiesOf(channel, connection), places: ['direct', ...(network.places ?? [])], robots: network.robots === true }
      const { testPath } = expect.getState()
      await expect(`${JSON.stringify(seen, null, 2)}\n`).toMatchFileSnapshot((testPath ?? '').replace(/[^/\\]+$/, 'abilities.json'))
    })
  })
}
