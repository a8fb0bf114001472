import { Problem } from '@moltbot/contract'
import type { ModelHost, Provider } from '@moltbot/contract'
import { faultOfAnswer, faultOfThrown } from './fault.ts'
import { object, parseJson } from './read-json.ts'
import type { JsonObject } from './read-json.ts'

/** What a model of unknown size is taken for; the family's defaults. */
export const unknownContextWindow = 200_000
export const unknownMaxOutputTokens = 8192

/** GETs a provider's list. Rejects with `Problem('models-list-failed')`. */
export async function fetchList(provider: Provider, host: ModelHost, url: string, headers: Record<string, string>, signal: AbortSignal): Promise<JsonObject> {
  try {
    const response = await host.fetch(url, { headers: { accept: 'application/json', ...headers }, signal })
    const text = await response.text()
    if (!response.ok) throw listProblem(faultOfAnswer(provider.id, response.status, response.headers, text, host.clock.now()).message)
    const parsed = object(parseJson(text))
    if (parsed === undefined) throw listProblem(`${provider.id} sent a list of models that is not JSON.`)
    return parsed
  } catch (error) {
    if (error instanceof Problem && error.code === 'models-list-failed') throw error
    throw listProblem(faultOfThrown(provider.id, error).message)
  }
}

function listProblem(message: string): Problem {
  return new Problem('models-list-failed', message, { next: 'Check the base URL and the key of this provider.' })
}

/** The base URL without a slash at its end. A bare host of a server that speaks under `version` gets that path. */
export function baseOf(baseUrl: string, version: string): string {
  const trimmed = baseUrl.replace(/(?<!\/)\/+$/, '')
  return /^https?:\/\/[^/]+$/.test(trimmed) ? `${trimmed}${version}` : trimmed
}
