/** One gateway with an account on each of the six networks, and three people on each: the owner, somebody who was let in, and a stranger. */
import { startBlueBubblesServer } from '../fakes/bluebubbles-server/index.ts'
import { startDiscordServer } from '../fakes/discord-server/index.ts'
import { startSignalServer } from '../fakes/signal-server/index.ts'
import { startSlackServer } from '../fakes/slack-server/index.ts'
import { startWhatsAppServer } from '../fakes/whatsapp-server/index.ts'
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts'

export type Who = 'owner' | 'member' | 'stranger'

export interface Network {
  channel: string
  /** A direct message of one of the three, written as their own app would. `name`: what they call themselves from now on, where the network has names. */
  say(who: Who, text: string, more?: { name?: string }): void
  /** What we wrote, everywhere on this network, in order. */
  texts(): string[]
}

const ids: Record<Who, number> = { owner: 1001, member: 1002, stranger: 1003 }

export async function startNetworksWorld() {
  const [discord, slack, signal, mac, whatsapp] = await Promise.all([startDiscordServer(), startSlackServer(), startSignalServer(), startBlueBubblesServer(), startWhatsAppServer()])
  const at: TestGateway = await startTestGateway({
    config: {
      channels: {
        discord: { token: discord.token, apiRoot: discord.apiRoot },
        slack: { botToken: slack.botToken, appToken: slack.appToken, apiRoot: slack.apiRoot },
        signal: { enabled: true, httpUrl: signal.url },
        imessage: { enabled: true, serverUrl: mac.url, password: mac.password, pollSeconds: 1 },
        whatsapp: { enabled: true, apiRoot: whatsapp.apiRoot },
      },
    },
  })
  const people = <Person>(make: (who: Who) => Person): Record<Who, Person> => ({ owner: make('owner'), member: make('member'), stranger: make('stranger') })
  const on = {
    telegram: people((who) => at.telegram.user(ids[who], { name: who })), discord: people((who) => discord.person(who)), slack: people((who) => slack.person(who)),
    signal: people((who) => signal.person(who)), whatsapp: people((who) => whatsapp.person(who, 'with-number')), imessage: people((who) => `+4915550${ids[who]}`),
  }
  const networks: Network[] = [
    { channel: 'telegram', texts: () => at.telegram.sent.map(({ text }) => text), say: (who, text, { name } = {}) => void at.telegram.say(name === undefined ? on.telegram[who] : { ...on.telegram[who], first_name: name, username: name }, text) },
    { channel: 'discord', texts: () => discord.sent.map(({ text }) => text), say(who, text, { name } = {}) { if (name !== undefined) discord.rename(on.discord[who], name); discord.say(on.discord[who], text) } },
    { channel: 'slack', texts: () => slack.sent.map(({ text }) => text), say(who, text, { name } = {}) { if (name !== undefined) slack.rename(on.slack[who], name); slack.say(on.slack[who], text) } },
    { channel: 'signal', texts: () => signal.sent.map(({ text }) => text), say: (who, text, { name } = {}) => void signal.say(name === undefined ? on.signal[who] : { ...on.signal[who], name }, text) },
    { channel: 'whatsapp', texts: () => whatsapp.sent.map(({ text }) => text), say(who, text, { name } = {}) { if (name !== undefined) on.whatsapp[who].name = name; whatsapp.say(on.whatsapp[who], text) } },
    { channel: 'imessage', texts: () => mac.sent.map(({ text }) => text), say: (who, text) => void mac.say(on.imessage[who], text) },
  ]

  /** Resolves with the rows of the messages with these words, once each has its end. */
  async function heard(channel: string, words: string, times = 1): Promise<{ end: string | null; detail: string | null; text: string; sender: string }[]> {
    for (const until = Date.now() + 60_000; ;) {
      const rows = (await at.gateway.journey.store.read.all('SELECT end_state, end_detail, message FROM inbox WHERE channel = ? ORDER BY received_at', channel))
        .map((row) => ({ end: row['end_state'] as string | null, detail: row['end_detail'] as string | null, ...(JSON.parse(String(row['message'])) as { text: string; sender: { id: string } }) }))
        .map(({ end, detail, text, sender }) => ({ end, detail, text, sender: sender.id })).filter(({ text }) => text.includes(words))
      if (rows.length >= times && rows.every(({ end }) => end !== null)) return rows
      if (Date.now() > until) throw new Error(`${channel} did not hear "${words}": ${JSON.stringify(rows)}`)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  async function letIn(): Promise<void> {
    const { guard } = at.gateway.rooms
    const by = { via: 'cli', principal: 'owner' } as never
    for (const { channel, say } of networks) {
      for (const who of ['owner', 'member'] as const) {
        say(who, `hello from ${who}`)
        await heard(channel, `hello from ${who}`)
        const [request] = await guard.pending(channel as never)
        if (request === undefined) throw new Error(`nobody asked on ${channel}`)
        const { principal } = await guard.approve(request.channel, request.code, by)
        if (who === 'owner' && principal !== 'owner') await guard.setRole(principal, 'owner', by)
      }
    }
    await at.quiet()
  }

  const client = await at.connect()
  const first = await client.request('web.login.start', { channel: 'whatsapp', force: true }) as { qr: string }
  await whatsapp.scan(first.qr)
  for (let now = { state: 'scan' }; now.state === 'scan' || now.state === 'working';) now = await client.request('web.login.wait', { channel: 'whatsapp', timeoutMs: 30_000 }) as typeof now
  await Promise.all([discord.until(() => discord.gateway.sessions() === 1, 'the login on Discord', 60_000), whatsapp.until(() => whatsapp.seen.logins >= 2, 'the login on WhatsApp', 60_000)])
  await letIn()
  return {
    at, networks, heard, on, discord, slack, signal, mac, whatsapp,
    async close() {
      await at.close()
      await Promise.all([discord.close(), slack.close(), signal.close(), mac.close(), whatsapp.close()])
    },
  }
}
export type NetworksWorld = Awaited<ReturnType<typeof startNetworksWorld>>
