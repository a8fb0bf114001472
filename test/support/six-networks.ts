import { rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mendSessions } from '../../channels/whatsapp/src/mended-sessions.ts'
import { startBlueBubblesServer, type BlueBubblesServer } from '../fakes/bluebubbles-server/index.ts'
import { startDiscordServer, type DiscordServer } from '../fakes/discord-server/index.ts'
import { startSignalServer, type SignalServer } from '../fakes/signal-server/index.ts'
import { startSlackServer, type SlackServer } from '../fakes/slack-server/index.ts'
import { startTelegramServer, type TelegramServer } from '../fakes/telegram-server/index.ts'
import { startWhatsAppServer, type WhatsAppServer } from '../fakes/whatsapp-server/index.ts'
import { ourRoot } from '../fakes/whatsapp-server/noise-responder.ts'
import { connectClient } from './test-gateway.ts'

const token = '123456789:AAaaBBbbCCccDDddEEeeFFffGGggHHhhIIi'

/** All six networks at once, for a gateway in a process of its own. */
export interface SixNetworks {
  telegram: TelegramServer
  discord: DiscordServer
  slack: SlackServer
  signal: SignalServer
  imessage: BlueBubblesServer
  whatsapp: WhatsAppServer
  /** How each is reached, under `channels`. */
  channels: Record<'telegram' | 'discord' | 'slack' | 'signal' | 'imessage' | 'whatsapp', Record<string, unknown>>
  /** What the gateway's process needs in its environment to trust our WhatsApp in place of the real one. */
  environment: Record<string, string>
  /** Links the gateway's WhatsApp and resolves once every network is connected. What people say before is not sure to be heard. */
  connect(gateway: { port: number }, gatewayToken: string): Promise<void>
  close(): Promise<void>
}

export async function startSixNetworks(): Promise<SixNetworks> {
  // The people of our WhatsApp use the library, too.
  mendSessions()
  const [telegram, discord, slack, signal, imessage, whatsapp] = await Promise.all([
    startTelegramServer({ token }), startDiscordServer({ heartbeatMs: 5_000 }), startSlackServer(), startSignalServer({ signMs: 1_000 }), startBlueBubblesServer(), startWhatsAppServer(),
  ])
  const trust = join(tmpdir(), `moltbot-trust-${process.pid}.mjs`)
  writeFileSync(trust, `import { WA_CERT_DETAILS } from ${JSON.stringify(import.meta.resolve('baileys'))}\nWA_CERT_DETAILS.PUBLIC_KEY = Buffer.from('${ourRoot.toString('hex')}', 'hex')\n`)
  return {
    telegram, discord, slack, signal, imessage, whatsapp,
    channels: {
      telegram: { botToken: token, apiRoot: telegram.apiRoot },
      discord: { token: discord.token, apiRoot: discord.apiRoot },
      slack: { botToken: slack.botToken, appToken: slack.appToken, apiRoot: slack.apiRoot },
      signal: { enabled: true, httpUrl: signal.url },
      imessage: { enabled: true, serverUrl: imessage.url, password: imessage.password, pollSeconds: 1 },
      whatsapp: { enabled: true, apiRoot: whatsapp.apiRoot },
    },
    environment: { NODE_OPTIONS: `--import=${trust}` },
    async connect(gateway, gatewayToken) {
      const client = await connectClient(gateway.port, gatewayToken)
      try {
        const link = await client.request('web.login.start', { channel: 'whatsapp', force: true }) as { qr: string; state: string }
        await whatsapp.scan(link.qr)
        for (let now: { state: string } = link; now.state === 'scan' || now.state === 'working';) now = await client.request('web.login.wait', { channel: 'whatsapp', timeoutMs: 30_000 }) as { state: string }
        await Promise.all([
          discord.until(() => discord.gateway.identifies.length > 0, 'Discord', 60_000), slack.until(() => slack.socket.standing() > 0, 'Slack', 60_000), signal.until(() => signal.listeners() > 0, 'Signal', 60_000),
          imessage.until(() => (imessage.calls.get('POST /message/query') ?? 0) > 0, 'iMessage', 60_000), whatsapp.until(() => whatsapp.seen.logins >= 2, 'WhatsApp', 60_000), telegram.until(() => (telegram.counts().calls['getUpdates'] ?? 0) > 0, 'Telegram', 60_000),
        ])
      } finally {
        client.close()
      }
    },
    async close() {
      await Promise.all([telegram, discord, slack, signal, imessage, whatsapp].map((server) => server.close()))
      rmSync(trust, { force: true })
    },
  }
}
