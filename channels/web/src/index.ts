/**
 * The page's way in: puts words typed in the browser on the journey and lets the page hear the replies. It authenticates nobody;
 * the gateway's door did that before. It knows nothing of sessions: the chat is the session key the page asks for.
 */
import { connectOwnDoor, defineChannel, defineSection, type ChannelId } from '@moltbot/contract'
import { Type } from 'typebox'

const id = 'web' as ChannelId

export const webSection = defineSection({
  path: 'channels.web',
  title: 'The chat on the gateway’s own page',
  schema: Type.Object({
    enabled: Type.Boolean({ default: true, description: 'Whether the page can chat. Off: the page still shows status and settings.' }),
  }),
  reload: 'reconnect',
})

export const web = defineChannel({
  id,
  label: 'Web',
  config: webSection,
  senders: 'authenticated',
  connect: async (_config, host) => connectOwnDoor(id, 'browser', 100_000, host),
})

export default web
