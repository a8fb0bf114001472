import { defineTool } from '@moltbot/contract'
import { Type } from 'typebox'
import { untilAborted } from './text/until-aborted.ts'
import { visible } from './text/visible.ts'

/** What the gateway knows about itself, as far as this person may know it. */
export const status = defineTool({
  name: 'status',
  description: 'Your own state: time, model, session, context used, channels, usage today.',
  input: Type.Object({}, { additionalProperties: false }),
  needs: ['status', 'clock'],
  effects: () => [{ kind: 'reads-private', what: 'gateway status' }],
  summarize: () => 'Look at the gateway\'s status',
  async run(_input, grants, signal) {
    const facts = await untilAborted(() => grants.status.describe(), signal)
    const { usageToday } = facts
    const lines = [
      `time: ${new Date(grants.clock.now()).toISOString().slice(0, 16)}Z`,
      `moltbot ${facts.version}, up ${duration(facts.uptimeMs)}`,
      `model: ${facts.model}`,
      `session: ${facts.session}`,
      `context: ${facts.contextTokens} of ${facts.contextWindow} tokens`,
      `queue: ${facts.queue}`,
      `today: ${usageToday.input} tokens in, ${usageToday.output} out, ${usageToday.costUsd === null ? 'cost unknown' : `$${usageToday.costUsd.toFixed(2)}`}`,
      ...facts.channels.map((channel) => `channel ${channel.id}${channel.account === 'default' ? '' : `/${channel.account}`}: ${channel.state}`),
    ]
    return { content: [{ type: 'text', text: lines.map(visible).join('\n') }] }
  },
})

function duration(ms: number): string {
  const minutes = Math.floor(ms / 60_000)
  if (minutes < 60) return `${minutes} min`
  const hours = Math.floor(minutes / 60)
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} days`
}
