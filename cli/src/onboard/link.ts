import { Problem } from '@moltbot/contract'
import type { CommandContext, GatewayClient } from '@moltbot/contract'
import { pause, waitForEnd, waitForGateway } from '../gateway-waits.ts'
import { asFields } from '../wire-fields.ts'
import type { Fields } from '../wire-fields.ts'

/** The gateway as onboarding sees it: one connection that outlives restarts. */
export interface Link {
  request(method: string, params?: Fields, timeoutMs?: number): Promise<Fields>
  requestFinal(method: string, params: Fields, timeoutMs: number): Promise<Fields>
  /** Waits until the gateway sees what was just written; restarts it when it does not by itself. False: not even then. */
  untilSeen(seen: () => Promise<boolean>): Promise<boolean>
  url(): string
  close(): void
}

const seenPollMs = 400
const seenByItselfMs = 4_000
const seenAfterRestartMs = 15_000
const readyMs = 60_000

/** Connects; when nothing answers, `mayStart` decides whether the gateway is started first. */
export async function openLink(context: CommandContext, mayStart: (problem: Problem) => Promise<boolean>): Promise<Link> {
  let client: GatewayClient
  try {
    client = await context.connect()
  } catch (error) {
    if (!(error instanceof Problem) || error.code !== 'gateway-unreachable' || !(await mayStart(error))) throw error
    client = await start(context)
  }
  const request = async (method: string, params: Fields = {}, timeoutMs = 20_000): Promise<Fields> => asFields(await client.request(method, params, { timeoutMs }))
  const poll = async (seen: () => Promise<boolean>, forMs: number): Promise<boolean> => {
    const deadline = context.clock.now() + forMs
    for (;;) {
      if (await seen()) return true
      if (context.clock.now() >= deadline) return false
      await pause(context.clock, seenPollMs)
    }
  }
  return {
    request,
    requestFinal: async (method, params, timeoutMs) => asFields(await client.requestFinal(method, params, { timeoutMs })),
    async untilSeen(seen) {
      if (await poll(seen, seenByItselfMs)) return true
      client = await restart(context, client)
      return poll(seen, seenAfterRestartMs)
    },
    url: () => client.url.replace(/^ws/, 'http'),
    close: () => client.close(),
  }
}

async function start(context: CommandContext): Promise<GatewayClient> {
  await context.machine.startGateway()
  return waitForGateway(context, readyMs)
}

/** Asks for a restart; where nobody starts the gateway again, we do. */
async function restart(context: CommandContext, client: GatewayClient): Promise<GatewayClient> {
  const end = waitForEnd(client, context.clock, 30_000)
  await Promise.race([end, client.request('gateway.restart', { reason: 'new secrets' })])
  await end
  try {
    return await waitForGateway(context, 10_000)
  } catch (error) {
    if (!(error instanceof Problem) || error.code !== 'gateway-unreachable') throw error
    return start(context)
  }
}
