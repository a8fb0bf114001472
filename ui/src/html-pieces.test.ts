import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readHtml, type HtmlPiece } from './html-pieces.ts'

function names(pieces: readonly HtmlPiece[]): string[] {
  return pieces.flatMap((piece) => (piece.kind === 'element' ? [piece.name, ...names(piece.children)] : piece.kind === 'link' ? ['a', ...names(piece.children)] : [piece.kind]))
}

describe('HTML written into Markdown', () => {
  it('keeps plain elements and drops what only arranges', () => {
    expect(readHtml('<div align="center"><details><summary>More</summary>Inside <b>bold</b></details></div>')).toEqual([
      { kind: 'element', name: 'details', children: [
        { kind: 'element', name: 'summary', children: [{ kind: 'text', text: 'More' }] },
        { kind: 'text', text: 'Inside ' },
        { kind: 'element', name: 'b', children: [{ kind: 'text', text: 'bold' }] },
      ] },
    ])
  })

  it('shows as text what it does not know', () => {
    expect(readHtml('<script>alert(1)</script>')).toEqual([
      { kind: 'text', text: '<script>' }, { kind: 'text', text: 'alert(1)' }, { kind: 'text', text: '</script>' },
    ])
  })

  it('reads addresses only', () => {
    expect(readHtml('<a onclick="x()" href="https://example.com/?a=1&amp;b=2" style="x">go</a><img onerror=x src=y.png alt="A map">')).toEqual([
      { kind: 'link', href: 'https://example.com/?a=1&b=2', children: [{ kind: 'text', text: 'go' }] },
      { kind: 'picture', href: 'y.png', alt: 'A map' },
    ])
  })

  it('survives what is not closed or closed twice', () => {
    expect(names(readHtml('</p><p>a<ul><li>b</table></p></p>c'))).toEqual(['p', 'text', 'ul', 'li', 'text', 'text'])
  })

  it('never yields an element beyond its list, whatever is written', () => {
    const bits = fc.constantFrom('<', '>', '/', '"', "'", '=', ' ', '\n', 'script', 'b', 'img', 'svg', 'a', 'href', 'on', '<!--', '-->', 'iframe', 'style', 'p', '<p', '</', '\0', '<b x="', 'table')
    const allowed = /^(kbd|sub|sup|mark|u|s|del|ins|b|strong|i|em|small|code|q|cite|abbr|p|ul|ol|li|dl|dt|dd|table|thead|tbody|tr|th|td|blockquote|pre|details|summary|br|hr|a|text|picture)$/
    fc.assert(fc.property(fc.array(bits, { maxLength: 60 }), (parts) => {
      for (const name of names(readHtml(parts.join('')))) expect(name).toMatch(allowed)
    }), { numRuns: 500 })
  })

  it('takes time in proportion to the text', () => {
    const long = '<b x="'.repeat(20_000) + '<!--'.repeat(20_000) + '<a '.repeat(20_000)
    expect(readHtml(long).length).toBeGreaterThan(0)
  })
})
