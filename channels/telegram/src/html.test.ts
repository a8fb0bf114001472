import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseHtml } from '../../../test/fakes/telegram-server/index.ts'
import { renderHtml, visibleLength } from './html.ts'

describe('Markdown becomes the HTML Telegram takes', () => {
  it.each([
    ['**bold** *it* ~~gone~~ `a<b`', '<b>bold</b> <i>it</i> <s>gone</s> <code>a&lt;b</code>'],
    ['# A **title**\n\ntext', '<b>A title</b>\n\ntext'],
    ['- one\n- two\n  - deep\n- three', '• one\n• two\n  • deep\n• three'],
    ['3. c\n4. d', '3. c\n4. d'],
    ['- [x] done\n- [ ] open', '☑ done\n☐ open'],
    ['> a\n> > b', '<blockquote>a\n\nb</blockquote>'],
    ['```ts\nlet a = "<"\n```', '<pre><code class="language-ts">let a = "&lt;"</code></pre>'],
    ['```\nplain\n```', '<pre>plain</pre>'],
    ['| a | b |\n|---|--:|\n| 1 | 22 |\n| long | 3 |', '<pre>a    |  b\n-----+---\n1    | 22\nlong |  3</pre>'],
    ['[site](https://e.org/?a=1&b="2")', '<a href="https://e.org/?a=1&amp;b=&quot;2&quot;">site</a>'],
    ['[mail](mailto:a@e.org) [app](tg://resolve?domain=x)', '<a href="mailto:a@e.org">mail</a> <a href="tg://resolve?domain=x">app</a>'],
    ['[bad](javascript:alert(1)) [file](file:///etc/passwd) [rel](./x)', 'bad file rel'],
    ['![cat](https://e.org/c.png)', '<a href="https://e.org/c.png">cat</a>'],
    ['<script>x</script> & co', '&lt;script&gt;x&lt;/script&gt; &amp; co'],
    ['<b>raw</b>', '&lt;b&gt;raw&lt;/b&gt;'],
    ['<u>**a** &</u> ||b `c<d`|| e || f <u>', '<u><b>a</b> &amp;</u> <tg-spoiler>b c&lt;d</tg-spoiler> e || f &lt;u&gt;'],
    ['a &lt; b &amp;&amp; c &#128512; `&lt;`', 'a &lt; b &amp;&amp; c 😀 <code>&amp;lt;</code>'],
    ['\\*not bold\\*', '*not bold*'],
    ['a\n\n---\n\nb', 'a\n\n———\n\nb'],
    ['- item\n\n  ```\n  x\n    y\n  ```', '• item\n\n<pre>x\n  y</pre>'],
  ])('%j', (markdown, html) => {
    const rendered = renderHtml(markdown)
    expect(parseHtml(rendered).ok).toBe(true)
    expect(rendered).toBe(html)
  })

  it('never a link inside a link', () => {
    expect(renderHtml('[a ![b](https://e.org/b.png) c](https://e.org)')).toBe('<a href="https://e.org">a b c</a>')
  })

  const piece = fc.oneof(
    fc.string(), fc.string({ unit: 'grapheme' }),
    fc.constantFrom('**', '*', '_', '`', '```', '```js\n', '~~', '[', '](', ')', 'https://e.org', '<', '>', '&', '</b>', '<pre>', '&amp;', '- ', '\n- ', '\n  - ', '1. ', '\n\n', '\n', '> ', '# ', '|', '\n|---|---|\n', '![', '\\', '<!--', '-->', '[x] '),
  )

  it('is never refused, whatever the Markdown', () => {
    fc.assert(fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      const html = renderHtml(pieces.join(''))
      const parsed = parseHtml(html)
      expect(parsed).toMatchObject({ ok: true })
      if (parsed.ok) expect(visibleLength(html)).toBe(parsed.text.length)
    }), { numRuns: 1_000 })
  })

  it('loses no letters or digits outside of markup', () => {
    fc.assert(fc.property(fc.array(fc.stringMatching(/^[a-z0-9]{1,8}$/), { minLength: 1, maxLength: 20 }), (list) => {
      for (const joined of [list.join(' '), list.map((word) => `**${word}**`).join(' '), list.map((word) => `- ${word}`).join('\n'), list.map((word) => `## ${word}`).join('\n')]) {
        const parsed = parseHtml(renderHtml(joined))
        expect(parsed.ok && parsed.text.replace(/[^a-z0-9]+/g, ' ').trim()).toBe(list.join(' '))
      }
    }))
  })
})
