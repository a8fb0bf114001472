import type { Token, Tokens } from 'marked'
import type { ComponentChildren, VNode } from 'preact'
import { useMemo } from 'preact/hooks'
import type { FormulaToken } from '../formulas.ts'
import { readHtml, readTag, type HtmlPiece } from '../html-pieces.ts'
import { createMarkdownReader, decodeCharacters, isInlineImage, safeAddress } from '../markdown-blocks.ts'
import { text } from '../text.ts'
import { CopyButton } from './copy-button.tsx'
import { Formula } from './formula.tsx'

/**
 * Markdown becomes elements without ever passing through HTML text or an HTML parser: there is no string an attacker could
 * break out of, and the page needs no exception from `require-trusted-types-for`.
 */
export function Markdown(props: { source: string }): VNode {
  const reader = useMemo(createMarkdownReader, [])
  // Headings go down one step at a time, below the answer's own (h2), whatever the writer's numbers were.
  let level = 2
  return (
    <div class="prose">
      {reader.read(props.source).map(({ id, token }) => {
        if (token.type === 'heading') level = Math.min(6, level + 1, Number((token as Tokens.Heading).depth) + 2)
        return <Block key={id} token={token} level={level} />
      })}
    </div>
  )
}

function Html(props: { pieces: readonly HtmlPiece[] }): VNode {
  return (
    <>
      {props.pieces.map((piece) => {
        switch (piece.kind) {
          case 'text':
            return piece.text
          case 'link':
            return <Link href={piece.href}><Html pieces={piece.children} /></Link>
          case 'picture':
            return <Picture href={piece.href} alt={piece.alt} />
          case 'element': {
            const Element = piece.name as 'b'
            return piece.name === 'br' || piece.name === 'hr' ? <Element /> : <Element><Html pieces={piece.children} /></Element>
          }
        }
      })}
    </>
  )
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

function isEndOf(raw: string, name: string): boolean {
  const tag = readTag(raw)
  return tag.kind === 'close' && tag.name === name
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
    const tag = readTag(token.raw)
    switch (tag.kind) {
      case 'open':
      case 'link': {
        const name = tag.kind === 'link' ? 'a' : tag.name
        const end = all.findIndex((other, at) => at > index && other.type === 'html' && isEndOf(other.raw, name))
        if (end === -1) {
          drawn.push(token.raw)
          break
        }
        const inner = inline(all.slice(index + 1, end))
        const Element = name as 'b'
        drawn.push(tag.kind === 'link' ? <Link href={tag.href}>{inner}</Link> : <Element>{inner}</Element>)
        index = end
        break
      }
      case 'alone':
        drawn.push(<br />)
        break
      case 'picture':
        drawn.push(<Picture href={tag.href} alt={tag.alt} />)
        break
      case 'nothing':
        break
      case 'close':
      case 'shown':
        drawn.push(token.raw)
        break
    }
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
    case 'formula':
      return <Formula formula={token as FormulaToken} />
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
      <table dir="auto">
        <thead>
          <tr>
            {/* An empty corner is the head of nothing. */}
            {header.map((cell) => (cell.text.trim() === '' ? <td /> : (
              <th scope="col" class={cell.align === null ? undefined : `align-${cell.align}`}>{inline(cell.tokens)}</th>
            )))}
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
  return props.list.ordered ? <ol dir="auto" start={Number(props.list.start) || 1}>{items}</ol> : <ul dir="auto">{items}</ul>
}

/** A list item without blank lines: its text is not a paragraph of its own. */
function tight(tokens: readonly Token[]): ComponentChildren[] {
  return tokens.map((token) => (token.type === 'text' || token.type === 'checkbox' ? inlineOne(token as Tokens.Generic) : <Block token={token} />))
}

function blocks(tokens: readonly Token[] | undefined): ComponentChildren[] {
  return (tokens ?? []).map((token) => <Block token={token} />)
}

/** `level` of the last heading so far; absent inside lists and quotes, where a heading is only bold. */
function Block(props: { token: Token; level?: number }): VNode | null {
  return useMemo(() => draw(props.token, props.level), [props.token, props.level])
}

function draw(token: Tokens.Generic, level: number | undefined): VNode | null {
  switch (token.type) {
    case 'space':
    case 'def':
      return null
    case 'heading': {
      if (level === undefined) return <p><strong>{inline(token.tokens)}</strong></p>
      const Heading = `h${level}` as 'h3'
      return <Heading>{inline(token.tokens)}</Heading>
    }
    case 'paragraph':
      return <p>{inline(token.tokens)}</p>
    case 'text':
      return <p>{token.tokens === undefined ? decodeCharacters(String(token['text'])) : inline(token.tokens)}</p>
    case 'code':
      return <CodeBlock code={token as Tokens.Code} />
    case 'blockquote':
      return <blockquote dir="auto">{blocks(token.tokens)}</blockquote>
    case 'list':
      return <List list={token as Tokens.List} />
    case 'table':
      return <Table table={token as Tokens.Table} />
    case 'hr':
      return <hr />
    case 'html':
      return <div><Html pieces={readHtml(String(token['text']))} /></div>
    default:
      return <p>{inlineOne(token)}</p>
  }
}
