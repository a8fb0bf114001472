import DOMPurify from 'dompurify'
import type { Token, Tokens } from 'marked'
import type { ComponentChildren, VNode } from 'preact'
import { useLayoutEffect, useMemo, useRef } from 'preact/hooks'
import { createMarkdownReader, decodeCharacters, isInlineImage, safeAddress } from '../markdown-blocks.ts'
import { text } from '../text.ts'
import { CopyButton } from './copy-button.tsx'

/**
 * Markdown becomes elements without ever passing through HTML text: there is no string an attacker could break out of.
 * Only raw HTML blocks meet an HTML parser, and that parser is the sanitiser.
 */
export function Markdown(props: { source: string }): VNode {
  const reader = useMemo(createMarkdownReader, [])
  const blocks = reader.read(props.source)
  return (
    <div class="prose">
      {blocks.map((block) => (
        <Block key={block.id} token={block.token} />
      ))}
    </div>
  )
}

/** Plain elements that a model may write as inline HTML; attributes are dropped. */
const inlineElements = new Set(['kbd', 'sub', 'sup', 'mark', 'u', 's', 'del', 'ins', 'b', 'strong', 'i', 'em', 'small', 'code', 'q', 'cite', 'abbr'])

const blockRules = {
  ALLOWED_TAGS: [
    'p', 'br', 'hr', 'div', 'span', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'ul', 'ol', 'li', 'dl', 'dt', 'dd', 'table', 'thead', 'tbody', 'tr', 'th', 'td', 'caption',
    'blockquote', 'pre', 'code', 'kbd', 'sub', 'sup', 'mark', 'u', 's', 'del', 'ins', 'b', 'strong', 'i', 'em', 'small', 'details', 'summary', 'a',
  ],
  ALLOWED_ATTR: ['href', 'open', 'colspan', 'rowspan', 'start'],
  ALLOW_DATA_ATTR: false,
  ALLOW_ARIA_ATTR: false,
  RETURN_DOM_FRAGMENT: true as const,
}

function HtmlBlock(props: { html: string }): VNode {
  const place = useRef<HTMLDivElement>(null)
  useLayoutEffect(() => {
    const fragment = DOMPurify.sanitize(props.html, blockRules)
    for (const link of fragment.querySelectorAll('a')) {
      const address = safeAddress(link.getAttribute('href') ?? '')
      if (address === undefined) link.removeAttribute('href')
      else {
        link.setAttribute('href', address)
        link.setAttribute('target', '_blank')
        link.setAttribute('rel', 'noopener noreferrer')
      }
    }
    place.current?.replaceChildren(fragment)
  }, [props.html])
  return <div ref={place} />
}

function hostOf(address: string): string {
  try {
    return new URL(address).host || address
  } catch {
    // Not an address at all; show what was written.
    return address
  }
}

function Link(props: { href: string; children: ComponentChildren }): VNode {
  const address = safeAddress(props.href)
  if (address === undefined) return <span>{props.children}</span>
  return (
    <a href={address} target="_blank" rel="noopener noreferrer" title={address}>
      {props.children}
    </a>
  )
}

function Picture(props: { href: string; alt: string }): VNode {
  if (isInlineImage(props.href)) return <img class="picture" src={props.href} alt={props.alt} />
  const address = safeAddress(props.href)
  if (address === undefined) return <span>{props.alt}</span>
  return (
    <a class="remote-image" href={address} target="_blank" rel="noopener noreferrer" title={text.remoteImageWhy}>
      {text.remoteImage(props.alt, hostOf(address))}
    </a>
  )
}

function inline(tokens: readonly Token[] | undefined): ComponentChildren[] {
  const all = tokens ?? []
  const drawn: ComponentChildren[] = []
  for (let index = 0; index < all.length; index += 1) {
    const token = all[index] as Tokens.Generic
    if (token.type !== 'html') {
      drawn.push(inlineOne(token))
      continue
    }
    const raw = token.raw
    if (/^<br\s*\/?>$/i.test(raw)) {
      drawn.push(<br />)
      continue
    }
    const name = /^<([a-z]+)(?:\s[^>]*)?>$/i.exec(raw)?.[1]?.toLowerCase()
    const end = name === undefined || !inlineElements.has(name) ? -1 : all.findIndex((other, at) => at > index && other.type === 'html' && other.raw.toLowerCase() === `</${name}>`)
    if (name === undefined || end === -1) {
      // Whatever else looks like HTML is shown as the text it is; comments show nothing.
      if (!raw.startsWith('<!--')) drawn.push(raw)
      continue
    }
    const Element = name as 'kbd'
    drawn.push(<Element>{inline(all.slice(index + 1, end))}</Element>)
    index = end
  }
  return drawn
}

function inlineOne(token: Tokens.Generic): ComponentChildren {
  switch (token.type) {
    case 'text':
      return token.tokens === undefined ? decodeCharacters(String(token['text'])) : inline(token.tokens)
    case 'escape':
      return String(token['text'])
    case 'strong':
      return <strong>{inline(token.tokens)}</strong>
    case 'em':
      return <em>{inline(token.tokens)}</em>
    case 'del':
      return <del>{inline(token.tokens)}</del>
    case 'codespan':
      return <code>{String(token['text'])}</code>
    case 'br':
      return <br />
    case 'link':
      return <Link href={String(token['href'])}>{inline(token.tokens)}</Link>
    case 'image':
      return <Picture href={String(token['href'])} alt={String(token['text'])} />
    case 'checkbox':
      return <input type="checkbox" checked={token['checked'] === true} disabled aria-label={token['checked'] === true ? text.taskDone : text.taskOpen} />
    default:
      return token.raw
  }
}

function Table(props: { table: Tokens.Table }): VNode {
  const { header, rows } = props.table
  return (
    <div class="table-scroll" role="region" aria-label={text.table} tabIndex={0}>
      <table>
        <thead>
          <tr>
            {header.map((cell) => (
              <th scope="col" class={cell.align === null ? undefined : `align-${cell.align}`}>{inline(cell.tokens)}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr>
              {row.map((cell) => (
                <td class={cell.align === null ? undefined : `align-${cell.align}`}>{inline(cell.tokens)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function CodeBlock(props: { code: Tokens.Code }): VNode {
  const language = /^[\w+#.-]{1,20}/.exec(props.code.lang ?? '')?.[0]
  return (
    <figure class="code">
      <figcaption>
        <span>{language ?? text.code}</span>
        <CopyButton value={() => props.code.text} label={text.copyCode} />
      </figcaption>
      <pre tabIndex={0}>
        <code>{props.code.text}</code>
      </pre>
    </figure>
  )
}

function List(props: { list: Tokens.List }): VNode {
  const items = props.list.items.map((item) => (
    <li class={item.task ? 'task' : undefined}>{props.list.loose ? blocks(item.tokens) : tight(item.tokens)}</li>
  ))
  return props.list.ordered ? <ol start={Number(props.list.start) || 1}>{items}</ol> : <ul>{items}</ul>
}

/** A list item without blank lines: its text is not a paragraph of its own. */
function tight(tokens: readonly Token[]): ComponentChildren[] {
  return tokens.map((token) => (token.type === 'text' || token.type === 'checkbox' ? inlineOne(token as Tokens.Generic) : <Block token={token} />))
}

function blocks(tokens: readonly Token[] | undefined): ComponentChildren[] {
  return (tokens ?? []).map((token) => <Block token={token} />)
}

function Block(props: { token: Token }): VNode | null {
  const token = props.token as Tokens.Generic
  switch (token.type) {
    case 'space':
    case 'def':
      return null
    case 'heading': {
      // The page's own headings are h1 and h2.
      const Heading = `h${Math.min(6, Number(token['depth']) + 2)}` as 'h3'
      return <Heading>{inline(token.tokens)}</Heading>
    }
    case 'paragraph':
      return <p>{inline(token.tokens)}</p>
    case 'text':
      return <p>{token.tokens === undefined ? decodeCharacters(String(token['text'])) : inline(token.tokens)}</p>
    case 'code':
      return <CodeBlock code={token as Tokens.Code} />
    case 'blockquote':
      return <blockquote>{blocks(token.tokens)}</blockquote>
    case 'list':
      return <List list={token as Tokens.List} />
    case 'table':
      return <Table table={token as Tokens.Table} />
    case 'hr':
      return <hr />
    case 'html':
      return <HtmlBlock html={String(token['text'])} />
    default:
      return <p>{inlineOne(token)}</p>
  }
}
