import { Problem } from '@moltbot/contract'
import type { Clock, CommandContext, GatewayClient } from '@moltbot/contract'

/** Resolves when the gateway closed this connection; rejects with `gateway-still-running` when it did not within the time. */
export function waitForEnd(client: GatewayClient, clock: Clock, timeoutMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(timeoutMs, () => reject(new Problem('gateway-still-running', `The gateway did not stop within ${Math.round(timeoutMs / 1_000)} s.`, { next: 'Look at: moltbot logs' })))
    client.onLost(() => {
      cancel()
      resolve()
    })
  })
}

/** Connects again and again until a gateway answers; rejects with the last problem when none did within the time. A refusal ends the wait at once. */
export async function waitForGateway(context: Pick<CommandContext, 'connect' | 'clock'>, timeoutMs: number): Promise<GatewayClient> {
  const deadline = context.clock.now() + timeoutMs
  for (;;) {
    try {
      return await context.connect()
    } catch (error) {
      if (!(error instanceof Problem) || error.code !== 'gateway-unreachable' || context.clock.now() >= deadline) throw error
    }
    await pause(context.clock, 250)
  }
}

/** Resolves after the time. */
export function pause(clock: Clock, delayMs: number): Promise<void> {
  return new Promise((resolve) => clock.after(delayMs, resolve))
}
