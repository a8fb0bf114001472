import { readFileSync } from 'node:fs'
import { execFileSync } from 'node:child_process'
import { createSpawnedGateway, type SpawnedGateway } from '../test/support/spawned-gateway.ts'

export const gatewayToken = 'bench-token-0123456789abcdef0123456789abcdef'
export const telegramToken = '123456789:AAaaBBbbCCccDDddEEeeFFffGGggHHhhIIi'
/** People who may write in Telegram. */
export const telegramPeople = Array.from({ length: 20 }, (_, at) => 3_000 + at)

/** The built gateway with a home of its own; nothing of it is measured yet. */
export function gatewayUnderTest(facts: { model: string; telegram?: string }): Promise<SpawnedGateway> {
  return createSpawnedGateway(configUnderTest(facts))
}

export function configUnderTest(facts: { model: string; telegram?: string }): Record<string, unknown> {
  return {
    gateway: { auth: { mode: 'token', token: gatewayToken } },
    session: { dmScope: 'per-channel-peer' },
    messages: { queue: { mode: 'followup' } },
    models: { providers: { bench: { baseUrl: facts.model, apiKey: 'bench-key', api: 'openai-completions', models: [{ id: 'echo', contextWindow: 1_000_000, maxTokens: 4_096 }] } } },
    agents: { defaults: { model: { primary: 'bench/echo' } } },
    ...(facts.telegram === undefined ? {} : { channels: { telegram: { botToken: telegramToken, apiRoot: facts.telegram, dmPolicy: 'allowlist', allowFrom: telegramPeople } } }),
  }
}

/** Resident memory of a process in megabytes (10⁶ bytes are not meant: 2²⁰). */
export function residentMb(pid: number | undefined): number {
  if (pid === undefined) return Number.NaN
  try {
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024
  } catch {
    // No /proc on this system: its own tool tells the same number.
    return Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' }).trim()) / 1024
  }
}
