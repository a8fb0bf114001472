import { startModelServer, type ModelServer, type Script } from '../fakes/model-servers/index.ts'
import { startTelegramServer, type FakeUser, type TelegramServer } from '../fakes/telegram-server/index.ts'
import { createSpawnedGateway, type SpawnedGateway } from './spawned-gateway.ts'

const botToken = '123456789:AAaaBBbbCCccDDddEEeeFFffGGggHHhhIIi'
export const gatewayToken = 'process-token-0123456789abcdef0123456789abcdef'

/** The built gateway in a process of its own, with a scripted model and a Telegram beside it. */
export interface ProcessWorld {
  gateway: SpawnedGateway
  model: ModelServer
  telegram: TelegramServer
  /** The owner's Telegram. */
  olga: FakeUser
  /** Resolves when every message and every delivery has its end. */
  quiet(): Promise<void>
  close(): Promise<void>
}

/** Starts everything; the gateway is ready when this resolves. */
export async function startProcessWorld(script: Script, config: Record<string, unknown> = {}): Promise<ProcessWorld> {
  const model = await startModelServer(script)
  const telegram = await startTelegramServer({ token: botToken })
  const gateway = await createSpawnedGateway({
    gateway: { auth: { mode: 'token', token: gatewayToken } },
    logging: { level: 'debug' },
    commands: { ownerAllowFrom: ['telegram:1001'] },
    models: { providers: { test: { baseUrl: model.baseUrl('anthropic-messages'), apiKey: 'test-key', api: 'anthropic-messages', models: [{ id: 'test-model', contextWindow: 100_000, maxTokens: 4096 }] } } },
    agents: { defaults: { model: { primary: 'test/test-model' } } },
    channels: { telegram: { botToken, apiRoot: telegram.apiRoot } },
    ...config,
  })
  const world: ProcessWorld = {
    gateway, model, telegram, olga: telegram.user(1001, { name: 'Olga Owner' }),
    async quiet() {
      const until = Date.now() + 60_000
      for (;;) {
        const open = await gateway.rows('SELECT id FROM inbox WHERE end_state IS NULL UNION ALL SELECT id FROM deliveries WHERE settled_at IS NULL')
        if (telegram.unconfirmed().length === 0 && open.length === 0) return
        if (Date.now() > until) throw new Error(`not quiet: ${JSON.stringify(open)}\n${gateway.log().slice(-2_000)}`)
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    },
    async close() {
      await gateway.kill()
      await Promise.all([model.close(), telegram.close()])
      gateway.remove()
    },
  }
  try {
    await gateway.start(60_000)
  } catch (error) {
    await world.close()
    throw error
  }
  return world
}
