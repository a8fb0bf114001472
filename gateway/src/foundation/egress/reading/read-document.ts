import { readDocx } from './read-docx.ts'

/** What comes out of a document. */
export interface ReadDocument {
  title: string
  text: string
  /** Absolute http and https addresses it links to, each once, at most 500. */
  links: string[]
  /** There was more text than asked for. */
  truncated: boolean
}

export interface DocumentRequest {
  kind: 'html' | 'text' | 'json' | 'pdf' | 'docx'
  /** Where it came from, for relative links. */
  url: string
  charset: string
  as: 'markdown' | 'text'
  charsMax: number
  /** Pages of a PDF, from 1; both included. */
  pages?: { first: number; last: number }
}

const linksMax = 500
const pagesMax = 2_000

/** Turns a document into text. Heavy, and fed with what strangers wrote: runs in a process of its own with limits. */
export async function readDocument(request: DocumentRequest, bytes: Uint8Array): Promise<ReadDocument> {
  switch (request.kind) {
    case 'html': return readHtml(request, decode(bytes, request.charset, true))
    case 'pdf': return readPdf(request, bytes)
    case 'docx': return plain(request, readDocx(bytes, request.charsMax))
    case 'json': return plain(request, prettyJson(decode(bytes, request.charset, false)))
    case 'text': return plain(request, decode(bytes, request.charset, false))
  }
}

async function readHtml(request: DocumentRequest, html: string): Promise<ReadDocument> {
  const [{ parseHTML }, { Readability }] = await Promise.all([import('linkedom'), import('@mozilla/readability')])
  // @ts-expect-error The package brings no types.
  const { default: TurndownService } = (await import('turndown')) as { default: new (options: Record<string, string>) => { turndown(element: unknown): string } }
  // The parser makes no body where the page has left it out.
  const { document } = parseHTML(/<body[\s>]/i.test(html) ? html : `<!doctype html><html><head></head><body>${html}</body></html>`)
  const title = clean(document.querySelector('title')?.textContent ?? '').slice(0, 300)
  // What nobody sees is not part of the page.
  const unseen = 'script,style,noscript,template,iframe,object,embed,svg,canvas,link,meta,[hidden],[aria-hidden="true"],input[type="hidden"]'
  for (const element of [...document.querySelectorAll(unseen)]) element.remove()
  for (const element of [...document.querySelectorAll('[style]')]) if (hides(element.getAttribute('style') ?? '')) element.remove()
  const links = new Set<string>()
  for (const anchor of [...document.querySelectorAll('a[href]')]) {
    const target = absolute(anchor.getAttribute('href') ?? '', request.url)
    if (target === undefined) anchor.removeAttribute('href')
    else {
      anchor.setAttribute('href', target)
      if (links.size < linksMax) links.add(target)
    }
  }
  for (const image of [...document.querySelectorAll('img')]) image.replaceWith(document.createTextNode((image.getAttribute('alt') ?? '') === '' ? '' : `[image: ${image.getAttribute('alt')}]`))
  const whole = document.body?.innerHTML ?? html
  const article = new Readability(document as unknown as Document, { charThreshold: 200 }).parse()
  const content = article?.content !== undefined && article.content !== null && clean(article.textContent ?? '').length >= 200 ? article.content : whole
  const { document: body } = parseHTML(`<!doctype html><html><body>${content}</body></html>`)
  const text = request.as === 'text'
    ? lines(body.body.textContent ?? '')
    : new TurndownService({ headingStyle: 'atx', codeBlockStyle: 'fenced', bulletListMarker: '-' }).turndown(body.body)
  return { title: article?.title === undefined || article.title === null || article.title === '' ? title : clean(article.title).slice(0, 300), ...cut(text, request.charsMax), links: [...links] }
}

async function readPdf(request: DocumentRequest, bytes: Uint8Array): Promise<ReadDocument> {
  const { getDocumentProxy } = await import('unpdf')
  const pdf = await getDocumentProxy(bytes, { isEvalSupported: false, useSystemFonts: false, disableFontFace: true, stopAtErrors: false, verbosity: 0 })
  const last = Math.min(pdf.numPages, request.pages?.last ?? pagesMax, pagesMax)
  const parts: string[] = []
  let size = 0
  for (let number = Math.max(1, request.pages?.first ?? 1); number <= last && size <= request.charsMax; number += 1) {
    const page = await pdf.getPage(number)
    const { items } = await page.getTextContent()
    const text = lines(items.map((item) => ('str' in item ? item.str + (item.hasEOL ? '\n' : '') : '')).join(''))
    parts.push(`[page ${number} of ${pdf.numPages}]\n${text}`)
    size += text.length
    page.cleanup()
  }
  const text = parts.join('\n\n')
  return { title: '', ...cut(text, request.charsMax), links: linksIn(text) }
}

function plain(request: DocumentRequest, text: string): ReadDocument {
  return { title: '', ...cut(text.replaceAll('\r\n', '\n'), request.charsMax), links: linksIn(text) }
}

function decode(bytes: Uint8Array, charset: string, html: boolean): string {
  const start = html ? Buffer.from(bytes.subarray(0, 2_048)).toString('latin1') : ''
  const named = charset === '' ? (/<meta[^>]+charset\s*=\s*["']?([\w-]+)/i.exec(start)?.[1] ?? 'utf-8') : charset
  try {
    return new TextDecoder(named).decode(bytes)
  } catch {
    // A name no decoder knows.
    return new TextDecoder().decode(bytes)
  }
}

function prettyJson(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 1)
  } catch {
    // Not valid after all: shown as it is.
    return text
  }
}

function absolute(href: string, base: string): string | undefined {
  if (!URL.canParse(href, base)) return undefined
  const url = new URL(href, base)
  return url.protocol === 'http:' || url.protocol === 'https:' ? url.href : undefined
}

function hides(style: string): boolean {
  return /display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|font-size\s*:\s*0(?![.\d]*[1-9])|opacity\s*:\s*0(?![.\d]*[1-9])|clip\s*:\s*rect\(\s*0|text-indent\s*:\s*-\d{3,}|left\s*:\s*-\d{3,}px/i.test(style)
}

function clean(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim()
}

function lines(text: string): string {
  return text.split('\n').map((line) => line.replaceAll(/[ \t\f\v\u00a0]+/g, ' ').trim()).join('\n').replaceAll(/\n{3,}/g, '\n\n').trim()
}

function linksIn(text: string): string[] {
  return [...new Set([...text.matchAll(/https?:\/\/[^\s<>"'`)\]}]+/g)].map(([link]) => link.replace(/(?<![.,;:!?])[.,;:!?]+$/, '')))].slice(0, linksMax)
}

function cut(text: string, charsMax: number): { text: string; truncated: boolean } {
  const whole = text.replaceAll('\u0000', '')
  if (whole.length <= charsMax) return { text: whole, truncated: false }
  return { text: whole.slice(0, charsMax).replace(/[\ud800-\udbff]$/, ''), truncated: true }
}
