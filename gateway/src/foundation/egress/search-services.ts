import type { Secret, WebHit, WebQuery } from '@moltbot/contract'

/** One search service: what it is asked and how its answer is read. */
export interface SearchService {
  /** For people. */
  name: string
  /** Its origin, where the operator set it up on this machine or network. */
  trusted?: string
  request(query: WebQuery & { count: number }): { url: string; secretHeader?: { name: string; value: string } }
  /** Throws for an answer of another shape. */
  hits(answer: unknown): WebHit[]
}

const freshnessOf = { brave: { day: 'pd', week: 'pw', month: 'pm', year: 'py' }, searxng: { day: 'day', week: 'week', month: 'month', year: 'year' } } as const

export const searchServices = {
  brave: (key: Secret): SearchService => ({
    name: 'Brave Search',
    request: ({ query, count, country, language, freshness }) => ({
      url: address('https://api.search.brave.com/res/v1/web/search', { q: query, count: String(count), country, search_lang: language, freshness: freshness === undefined ? undefined : freshnessOf.brave[freshness] }),
      secretHeader: { name: 'x-subscription-token', value: key.open('web search') },
    }),
    hits: (answer) => list(fields(fields(answer)['web'])['results'] ?? []).map((each) => hit(each['title'], each['url'], each['description'])).filter(isWeb),
  }),
  searxng: (baseUrl: string): SearchService => ({
    name: 'SearXNG',
    trusted: new URL(baseUrl).origin,
    request: ({ query, language, freshness }) => ({
      url: address(`${baseUrl.replace(/(?<!\/)\/+$/, '')}/search`, { q: query, format: 'json', language, time_range: freshness === undefined ? undefined : freshnessOf.searxng[freshness] }),
    }),
    hits: (answer) => list(fields(answer)['results']).map((each) => hit(each['title'], each['url'], each['content'])).filter(isWeb),
  }),
  wikipedia: (): SearchService => {
    let host = 'en.wikipedia.org'
    return {
      name: 'Wikipedia',
      request({ query, count, language }) {
        if (language !== undefined && /^[a-z]{2,3}$/.test(language)) host = `${language}.wikipedia.org`
        return { url: address(`https://${host}/w/api.php`, { action: 'query', list: 'search', format: 'json', utf8: '1', srlimit: String(count), srsearch: query }) }
      },
      hits: (answer) => list(fields(fields(answer)['query'])['search']).map((each) => hit(each['title'], `https://${host}/wiki/${encodeURIComponent(String(each['title']).replaceAll(' ', '_'))}`, each['snippet'])),
    }
  },
}

function address(base: string, values: Record<string, string | undefined>): string {
  const url = new URL(base)
  for (const [name, value] of Object.entries(values)) if (value !== undefined) url.searchParams.set(name, value)
  return url.href
}

function hit(title: unknown, url: unknown, snippet: unknown): WebHit {
  return { title: words(title).slice(0, 200), url: typeof url === 'string' ? url.slice(0, 2_000) : '', snippet: words(snippet).slice(0, 400) }
}

function isWeb({ url }: WebHit): boolean {
  return /^https?:\/\//.test(url) && URL.canParse(url)
}

/** Plain words: marks for emphasis and entities are the service's, not the text's. */
function words(value: unknown): string {
  return (typeof value === 'string' ? value : '')
    .replaceAll(/<[^>]*>/g, '').replaceAll(/&(?:quot|#0?39|#x27|lt|gt|nbsp|amp);/g, (entity) => entities[entity] ?? ' ').replaceAll(/\s+/g, ' ').trim()
}
const entities: Readonly<Record<string, string>> = { '&quot;': '"', '&#39;': '\'', '&#039;': '\'', '&#x27;': '\'', '&lt;': '<', '&gt;': '>', '&nbsp;': ' ', '&amp;': '&' }

function fields(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null) throw new Error('not an object')
  return value as Record<string, unknown>
}

function list(value: unknown): Record<string, unknown>[] {
  if (!Array.isArray(value)) throw new Error('not a list')
  return value.map(fields)
}
