/** The grants of the web tools. Their results come from strangers: whoever shows them to a model says `origin: 'external'`. */

/** A page or document as text. */
export interface WebPage {
  /** Where it was found in the end, after redirects. */
  url: string
  /** The HTTP status; texts of failures are shown too. */
  status: number
  contentType: string
  /** Empty when it has none. */
  title: string
  text: string
  /** There was more than is shown. */
  truncated: boolean
  /** What to set around the text so that nothing in it can pretend to end it. Random for every call. */
  boundary: string
}

export interface WebHit { title: string; url: string; snippet: string }

export interface WebHits {
  hits: WebHit[]
  /** Who was asked, in words. */
  provider: string
  /** How more would be found, for the person; absent when there is nothing to set up. */
  hint?: string
  boundary: string
}

export interface WebQuery {
  query: string
  /** 1 to 10. */
  count?: number
  /** Two letters (`de`). */
  country?: string
  language?: string
  /** Only what appeared in the last day, week, month or year; services that cannot tell ignore it. */
  freshness?: 'day' | 'week' | 'month' | 'year'
}

export interface WebReader {
  /**
   * Fetches one http or https address and reads it as text. Rejects with a `Problem` when the host may not be reached, the document is of a
   * kind that cannot be read, or it breaks a limit.
   */
  read(url: string, options: { as: 'markdown' | 'text'; charsMax?: number }, signal: AbortSignal): Promise<WebPage>
  /** Fetches a PNG, JPEG, GIF or WebP of at most 5 MB, by what its bytes are and not by what they are called. Rejects as `read` does. It is handed on as it came: nothing here decodes it. */
  picture(url: string, signal: AbortSignal): Promise<{ url: string; mimeType: string; data: string; boundary: string }>
  /** Asks the configured search service. Rejects with a `Problem`. */
  search(query: WebQuery, signal: AbortSignal): Promise<WebHits>
}

export interface DocumentReader {
  /** Text of a PDF of the workspace, at most 20 MiB. `pages` counts from 1. Rejects with a `Problem`. */
  pdf(path: string, options: { pages?: { first: number; last: number } }, signal: AbortSignal): Promise<{ text: string; truncated: boolean; boundary: string }>
}
