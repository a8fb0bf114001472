/**
 * The terminal's way in: puts words typed in `moltbot chat` or given to `moltbot agent` on the journey and lets the terminal hear the
 * replies. It authenticates nobody; the gateway's door did that before.
 */
import { connectOwnDoor, defineChannel, defineSection, type ChannelId } from '@moltbot/contract'
import { Type } from 'typebox'

const id = 'terminal' as ChannelId

export const terminalSection = defineSection({
  path: 'channels.terminal',
  title: 'The chat in a terminal',
  schema: Type.Object({
    enabled: Type.Boolean({ default: true, description: 'Whether `moltbot chat` and `moltbot agent` may talk to the assistant.' }),
  }),
  reload: 'reconnect',
})

export const terminal = defineChannel({
  id,
  label: 'Terminal',
  config: terminalSection,
  senders: 'authenticated',
  connect: async (_config, host) => connectOwnDoor(id, 'terminal', 100_000, host),
})

export default terminal
