/**
 * The way in for programs that speak the OpenAI API: one request is one message, the `user` field names the session. It parses no
 * HTTP and checks no token; the gateway's door did that before.
 */
import { connectOwnDoor, defineChannel, defineSection, type ChannelId } from '@moltbot/contract'
import { Type } from 'typebox'

const id = 'openai-http' as ChannelId

export const openaiHttpSection = defineSection({
  path: 'channels.openai-http',
  title: 'The OpenAI-compatible HTTP interface',
  schema: Type.Object({
    enabled: Type.Boolean({ default: true, description: 'Whether `POST /v1/chat/completions` answers. It always needs the gateway token.' }),
  }),
  reload: 'reconnect',
})

export const openaiHttp = defineChannel({
  id,
  label: 'OpenAI API',
  config: openaiHttpSection,
  senders: 'authenticated',
  connect: async (_config, host) => connectOwnDoor(id, 'http', 100_000, host),
})

export default openaiHttp
