import { specText, type ModelInfo, type ModelRequest, type Usage } from '@moltbot/contract'
import type { BudgetsConfig } from './config.ts'
import type { SpendSource } from './types.ts'

/** US dollars per million tokens, which is millionths of a dollar per token. */
export type Rates = NonNullable<ModelInfo['cost']>
export interface Price { rates: Rates; source: Exclude<SpendSource, 'assumed'> }

/** What is known of a model's price. */
export interface KnownPrice {
  /** Absent: not known. */
  cost?: Rates
  from: 'catalog' | 'config'
  /** Paid for by the month: calls are counted in tokens and cost nothing. */
  subscription: boolean
}

const free: Price = { rates: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 }, source: 'free' }

/** What a call is counted at. An unknown price is the ceiling, except on this machine or a private address. */
export function priceOf(known: KnownPrice, baseUrl: string, ceiling: BudgetsConfig['ceilingPrice']): Price {
  if (known.subscription) return free
  if (known.cost !== undefined) return Object.values(known.cost).every((rate) => rate === 0) ? free : { rates: known.cost, source: known.from }
  if (isOurs(baseUrl)) return free
  const { input, output } = ceiling
  return { rates: { input, output, cacheRead: input, cacheWrite: input * 1.25 }, source: 'ceiling' }
}

/** Whether a server stands on this machine or at a private address, as far as its name alone tells. */
export function isOurs(baseUrl: string): boolean {
  if (!URL.canParse(baseUrl)) return false
  const host = new URL(baseUrl).hostname.toLowerCase()
  return host === 'localhost' || host.endsWith('.localhost') || host === '[::1]' || /^\[f[cd]/.test(host) || /^\[fe[89ab]/.test(host)
    || /^(?:127|10)\.\d+\.\d+\.\d+$/.test(host) || /^192\.168\.\d+\.\d+$/.test(host) || /^172\.(?:1[6-9]|2\d|3[01])\.\d+\.\d+$/.test(host) || /^169\.254\.\d+\.\d+$/.test(host)
}

/** Millionths of a dollar, rounded up. */
export function costOf(usage: Usage, { rates }: Price): number {
  return Math.ceil(usage.input * rates.input + usage.output * rates.output + usage.cacheRead * rates.cacheRead + usage.cacheWrite * rates.cacheWrite)
}

/** The dearest an input token of this call can be: read, or written to the cache. */
export function inputRate({ rates }: Price, cache: ModelRequest['cache']): number {
  return cache === 'none' ? rates.input : Math.max(rates.input, rates.cacheRead, rates.cacheWrite * (cache === 'long' ? 1.6 : 1))
}

/** A fifth more than a rough count of four bytes a token gives, so that dense text is not counted too low. */
const bytesPerToken = 4 / 1.2
/** No common provider counts more for one picture. */
const imageTokens = 3_000

export function tokensOf(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / bytesPerToken)
}

/** The most input tokens a request can be, roughly. */
export function inputTokens(request: Pick<ModelRequest, 'system' | 'tools' | 'messages'>): number {
  let bytes = request.tools.reduce((sum, tool) => sum + Buffer.byteLength(specText(tool)) + 1, Buffer.byteLength(request.system) + 1)
  let others = 0
  for (const message of request.messages) {
    others += 8
    for (const part of message.content) {
      if (part.type === 'image') others += imageTokens
      else if (part.type === 'tool-call') bytes += part.name.length + Buffer.byteLength(JSON.stringify(part.input)) + 40
      else bytes += Buffer.byteLength(part.text) + (part.type === 'thinking' ? (part.signature?.length ?? 0) + (part.opaque?.length ?? 0) : 0)
    }
  }
  return Math.ceil(bytes / bytesPerToken) + others
}
