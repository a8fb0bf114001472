import type { Channel, ChannelHost, LoginStep } from '@moltbot/contract'
import type { WhatsAppServer } from './whatsapp-server.ts'

/** Links a channel to the server's telephone as a person does: shows the code, scans it. Resolves with every step the person saw. */
export async function linkDevice(server: WhatsAppServer, channel: Channel, config: Record<string, unknown>, host: ChannelHost): Promise<LoginStep[]> {
  if (channel.login === undefined) throw new Error('this channel has no login by steps')
  const steps: LoginStep[] = []
  for await (const step of channel.login(config as never, host, { signal: new AbortController().signal })) {
    steps.push(step)
    if (step.kind === 'scan') await server.scan(step.payload)
  }
  return steps
}
