/**
 * Plants a secret of its own in every place that may hold one, lives a day of a gateway's life, and searches everything that is
 * left or went out: files, log, database, prompts, messages, answers of methods. What is found outside the place it was planted
 * in is a leak. `npx tsx test/campaigns/canary.ts [rounds]`; `test/attacks/sec-canary.test.ts` is one round of it.
 */
import { readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { fail, say } from '../fakes/model-servers/index.ts'
import { botToken, startTestGateway, type TestGateway } from '../support/test-gateway.ts'

export interface Leak { secret: string; where: string }

/** What was planted, and where it may stand. */
interface Canary { name: string; value: string; home: (path: string) => boolean }

export interface CanaryOptions {
  /** Once more of everything, for so many rounds. */
  rounds: number
  /** Something a broken part would do with the secrets; for a search that must find it. */
  meanwhile?: (at: TestGateway, secrets: readonly string[]) => Promise<void>
}

/** Resolves with every place where a planted secret was found and does not belong. */
export async function searchForCanaries({ rounds, meanwhile }: CanaryOptions): Promise<Leak[]> {
  const of = (name: string): string => `canary-${name}-9f3b7d1e5a${name.length}c`
  const pasted = 'sk-ant-api03-Kd8fJq2mZx7Wv4LpR9sT1yUoIeAhGcBnXzQwErTyUiOp'
  const canaries: Canary[] = [
    { name: 'environment', value: of('environment'), home: () => false },
    { name: 'vault', value: of('vault'), home: () => false },
    { name: 'a file beside the state', value: of('file'), home: (path) => path.endsWith('keys.json') },
    { name: 'configuration', value: of('configuration'), home: (path) => path.includes('moltbot.json') },
    { name: 'bot token', value: botToken, home: (path) => path.includes('moltbot.json') },
    { name: 'pasted', value: pasted, home: () => false },
  ]
  const value = (name: string): string => canaries.find((canary) => canary.name === name)?.value ?? ''
  const at = await startTestGateway({
    environment: { CANARY_API_KEY: value('environment') },
    config: { commands: { ownerAllowFrom: ['telegram:1001'] }, models: { providers: { test: { apiKey: '${CANARY_API_KEY}' } } } },
  })
  const outside: { where: string; text: string }[] = []
  const hear = (where: string, text: unknown): void => void outside.push({ where, text: typeof text === 'string' ? text : JSON.stringify(text) })
  try {
    const keys = join(at.stateDir, '..', 'keys.json')
    writeFileSync(keys, JSON.stringify({ own: value('a file beside the state') }), { mode: 0o600 })
    await at.gateway.vault.set('CANARY', value('vault'))
    await at.gateway.config.set('secrets.providers', { keys: { source: 'file', path: keys } })
    await at.gateway.config.set('models.providers.sealed', { baseUrl: at.model.baseUrl('anthropic-messages'), api: 'anthropic-messages', apiKey: '${secret:CANARY}', models: [{ id: 'other', contextWindow: 100_000, maxTokens: 4096 }] })
    await at.gateway.config.set('models.providers.filed', { baseUrl: at.model.baseUrl('anthropic-messages'), api: 'anthropic-messages', apiKey: { source: 'file', provider: 'keys', id: '/own' }, models: [{ id: 'third', contextWindow: 100_000, maxTokens: 4096 }] })
    await at.gateway.config.set('models.providers.plain', { baseUrl: at.model.baseUrl('anthropic-messages'), api: 'anthropic-messages', apiKey: value('configuration'), models: [{ id: 'fourth', contextWindow: 100_000, maxTokens: 4096 }] })
    const olga = ownerAt(at)
    const used = new Set<string>()
    for (let round = 0; round < rounds; round += 1) {
      for (const model of ['test/test-model', 'sealed/other', 'filed/third', 'plain/fourth']) {
        hear('a chat', await olga.chat(`/model ${model}`))
        at.model.use((request) => [say(`I was told: ${request.lastUserText}`)])
        hear('a chat', await olga.chat(`hello ${round} ${model}`))
        used.add(String(at.model.requests.at(-1)?.headers['x-api-key']))
        // A provider that repeats the key in its error must not make us repeat it.
        at.model.use((request) => [fail(401, `Incorrect API key provided: ${String(request.headers['x-api-key'])}.`, { type: 'authentication_error' })])
        hear('a chat', await olga.chat('and now?'))
      }
      at.model.use((request) => [say(`I was told: ${request.lastUserText}`)])
      hear('a chat', await olga.chat(`here is my key: ${pasted}`))
      for (const words of ['/status', '/whoami', '/model list', '/why', '/compact', '/new']) hear('a chat', await olga.chat(words))
      const client = await at.connect()
      for (const method of ['config.get', 'config.schema', 'models.list', 'models.status', 'status', 'health', 'logs.tail', 'sessions.list', 'channels.status', 'security.audit', 'vault.list', 'vault.status', 'vault.doctor']) {
        hear(method, await client.request(method, {}).catch((error: unknown) => String(error)))
      }
      hear('chat.history', await client.request('chat.history', { sessionKey: 'main' }))
      hear('a refused change', await client.request('config.patch', { raw: JSON.stringify({ models: { providers: { plain: { apiKey: 5 } } } }) }).catch((error: unknown) => String(error)))
      client.close()
      await at.gateway.vault.rotate()
      await at.restart()
    }
    // A search that finds nothing because nothing was used would prove nothing.
    for (const name of ['environment', 'vault', 'a file beside the state', 'configuration']) if (!used.has(value(name))) throw new Error(`the secret of ${name} never reached its model`)
    await meanwhile?.(at, canaries.map((canary) => canary.value))
    await at.quiet()
    await at.stop()
    for (const request of at.model.requests) hear('a prompt', request.raw)
    for (const message of at.telegram.sent) hear('a message', message.text)
    const home = join(at.stateDir, '..')
    const files = readdirSync(home, { recursive: true, encoding: 'utf8' }).map((name) => join(home, name)).filter((path) => statSync(path).isFile())
    const leaks: Leak[] = []
    for (const { name, value: secret, home: belongs } of canaries) {
      const forms = [secret, Buffer.from(secret).toString('base64').replace(/=+$/, ''), Buffer.from(secret).toString('hex')]
      for (const { where, text } of outside) if (forms.some((form) => text.includes(form))) leaks.push({ secret: name, where })
      for (const path of files) {
        const bytes = readFileSync(path)
        if (!belongs(path) && forms.some((form) => bytes.includes(form))) leaks.push({ secret: name, where: path.slice(home.length + 1) })
      }
    }
    await at.start()
    return leaks
  } finally {
    await at.close()
  }
}

/** The owner on their phone, without a test runner around. */
function ownerAt(at: TestGateway): { chat(text: string): Promise<string> } {
  const user = at.telegram.user(1001, {})
  return {
    async chat(text) {
      const before = at.telegram.sent.length
      const { updateId, chatId } = at.telegram.say(user, text)
      await at.telegram.until(() => at.telegram.isConfirmed(updateId), 'the message to be accepted', 60_000)
      await at.quiet()
      return at.telegram.sent.slice(before).filter((message) => message.chatId === chatId).map((message) => message.text).join('\n\n')
    },
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const leaks = await searchForCanaries({ rounds: Number(process.argv[2] ?? 20) })
  for (const { secret, where } of leaks) process.stdout.write(`the secret of ${secret} stands in ${where}\n`)
  process.stdout.write(`${leaks.length} hits outside their places\n`)
  process.exitCode = leaks.length === 0 ? 0 : 1
}
