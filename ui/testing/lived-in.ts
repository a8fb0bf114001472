import { join } from 'node:path'
import { openSqlite } from '../../gateway/src/foundation/platform/index.ts'
import { callTool, say, think, usage, type Script, type Step } from '../../test/fakes/model-servers/index.ts'
import type { TestGateway } from '../../test/support/test-gateway.ts'
import { furnishPage, type Furnished } from './real-gateway.ts'

const day = 86_400_000
const plainKey = 'not-a-real-key'

const packing = `# Two days in Hamburg

- rain jacket
- charger and adapter
- the good shoes
- tickets (printed)
`
const checklist = `Done: I wrote \`packing.md\`. The forecast decides about the rest:

| | Saturday | Sunday |
| --- | --- | --- |
| weather | 14 °C, showers | 17 °C, dry |
| on foot | about 9 km | about 6 km |
| take | rain jacket | a light jumper |

1. Put the tickets on top.
2. The train leaves at **8:32** from platform 7.

Shall I remind you on Friday evening?`
const script = `Here is one that keeps the newest seven:

\`\`\`bash
#!/usr/bin/env bash
set -euo pipefail
cd ~/backups
ls -1t backup-*.age | tail -n +8 | while read -r old; do
  rm -- "$old"
done
\`\`\`

\`ls -1t\` sorts by time, \`tail -n +8\` leaves out the first seven. Nothing outside that folder is touched.`

/** What the scripted model says, by the words it is asked with. */
const answers: readonly [RegExp, (isAfterTool: boolean) => Step[]][] = [
  [/hamburg/i, (isAfterTool) => (isAfterTool ? [say(checklist), usage(2_400, 260)] : [think('Two days, a train, rain on one of them. A short list in a file is best.'), say('I put the list into a file. '), callTool('write', { path: 'packing.md', text: packing }), usage(2_100, 140)])],
  [/backup/i, () => [say(script), usage(3_100, 220)]],
  [/tomato/i, () => [say('Sow inside from **mid March**, plant out after the last frost: in your region about 15 May. I would take two of *Matina* (early) and one of *Berner Rose*.'), usage(1_800, 90)]],
  [/receipt/i, () => [say('Four receipts are in `taxes/2026`: train (48.20), printer paper (12.99), a textbook (39.00) and one I cannot read.'), usage(1_500, 60)]],
  [/today/i, () => [say('Good morning! Two things today: the dentist at **11:30**, and the parcel is at the neighbours’.'), usage(1_200, 40)]],
]
const model: Script = (request) => {
  const isAfterTool = request.messages.at(-1)?.role === 'tool'
  return (answers.find(([about]) => about.test(request.lastUserText))?.[1] ?? (() => [say('I see.'), usage(400, 10)]))(isAfterTool)
}

/** Days before today on which this household spent money, in cents: a plausible month, the same each time. */
const month = Array.from({ length: 29 }, (_, index) => ({ ago: 29 - index, cents: index % 7 === 5 ? 0 : Math.round(30 + 95 * Math.abs(Math.sin(index * 1.7))) }))

async function spendLately(gateway: TestGateway): Promise<void> {
  const db = await openSqlite(join(gateway.stateDir, 'sessions', 'moltbot.db'))
  const row = db.prepare(`INSERT INTO spend (id, at, day, principal, agent, channel, session, turn, provider, model, input, output, cache_read, cache_write, cost, price_source)
    VALUES (?, ?, ?, 'owner', 'main', ?, 'agent:main:main', '', 'acme', ?, ?, ?, 0, 0, ?, 'config')`)
  db.exec('PRAGMA busy_timeout = 5000; BEGIN IMMEDIATE')
  for (const { ago, cents } of month) {
    const at = Date.now() - ago * day
    for (const [name, channel, share] of [['large', 'web', 0.6], ['large', 'telegram', 0.15], ['small', 'telegram', 0.25]] as const) {
      if (cents > 0) row.run(`${ago} ${name} ${channel}`, at, new Date(at).toISOString().slice(0, 10), channel, name, Math.round(cents * share * 9_000), Math.round(cents * share * 700), Math.round(cents * share * 10_000))
    }
  }
  db.exec('COMMIT')
  db.close()
}

/**
 * The page on a real gateway that people have used: talk, people, questions open and answered, money of a month, secrets.
 * For pictures, and for looking at every room at once. Nothing in it is anybody's.
 */
export async function moveIn(view: Parameters<typeof furnishPage>[1] = {}): Promise<Furnished> {
  const home = await furnishPage({
    builtin: false, telegram: true, script: model, makeBackup: async () => ({ bytes: 4_812_000 }),
    config: (server) => {
      const models = [['large', 3, 15], ['small', 0.25, 1.25]].map(([id, input, output]) => ({ id, contextWindow: 200_000, maxTokens: 4_096, input: ['text', 'image'], cost: { input, output, cacheRead: 0.1, cacheWrite: 1 } }))
      return {
        models: { providers: { acme: { baseUrl: server.baseUrl('anthropic-messages'), apiKey: plainKey, api: 'anthropic-messages', models } } },
        agents: { defaults: { model: { primary: 'acme/large', fallbacks: ['acme/small'] }, userTimezone: 'UTC' } },
        budgets: { daily: 4, monthly: 40, byPrincipal: { '*': { daily: 1 } } },
        tools: { exec: { allowlist: ['git status', 'rg *'] } },
        gateway: { controlUi: { sessionMinutes: 720 } },
      }
    },
  }, view)
  const { gateway } = home
  const { telegram } = gateway
  const client = await gateway.connect()
  for (const [name, value] of [['acme.apiKey', plainKey], ['weather.apiKey', 'neither-is-this']] as const) await client.request('vault.set', { name, value })
  // As people do it: first there is a key, then it goes into the vault.
  await client.request('config.patch', { raw: JSON.stringify({ models: { providers: { acme: { apiKey: '${secret:acme.apiKey}' } } } }), baseHash: (await client.request('config.get', {}))['hash'] })

  await gateway.pairOwner(1001)
  telegram.say(telegram.user(1001, { name: 'Anna' }), 'Good morning! What is on today?')
  const meet = async (id: number, name: string): Promise<string> => {
    const asked = telegram.nextSent((message) => message.chatId === id)
    telegram.say(telegram.user(id, { name }), 'Hello, is this the assistant?')
    await asked
    return (await gateway.gateway.rooms.guard.pending()).find((request) => request.sender === String(id))?.code ?? ''
  }
  await client.request('pairing.approve', { channel: 'telegram', code: await meet(2001, 'Carl') })
  await meet(2002, 'Berta')

  for (const [key, label, words] of [['agent:main:dashboard:garden', 'Garden', 'When do I sow tomatoes?'], ['agent:main:dashboard:taxes', 'Taxes', 'Which receipts do we have?']] as const) {
    await client.ask(words, key)
    await client.request('sessions.patch', { key, label })
  }
  await client.ask('Write a script that throws away old backups', 'agent:main:main')
  await client.ask('Two days in Hamburg from Saturday: what do I pack?', 'agent:main:main')

  await client.request('cron.add', { name: 'Morning', schedule: { kind: 'cron', expr: '0 8 * * 1-5', tz: 'UTC' }, payload: { kind: 'agentTurn', message: 'Weather and my appointments, in five lines.' } })

  const question = (command: string, more: Record<string, unknown> = {}): Promise<Record<string, unknown>> => client.request('exec.approval.request', { command, sessionKey: 'agent:main:dashboard:garden', timeoutMs: 600_000, twoPhase: true, ...more })
  for (const [command, decision] of [['rm notes/old.md', 'deny'], ['git push origin main', 'allow-once'], ['npm test', 'allow-once']] as const) {
    const { id } = await question(command)
    await client.request('exec.approval.resolve', { id, decision })
  }
  await question('curl -s https://api.weather.example/v1/forecast?days=3')
  await spendLately(gateway)
  await gateway.quiet()
  await home.page.reload()
  await home.page.locator('.head .pill').last().waitFor()
  return home
}
