import fc from 'fast-check'
import { expect, it } from 'vitest'
import { emojiName, emojiOf } from './emoji.ts'
import { escapeText, readMrkdwn, renderMrkdwn } from './mrkdwn.ts'

const names = { user: (id: string) => (id === 'U111' ? 'Anna' : undefined), channel: (id: string) => (id === 'C111' ? 'family' : undefined) }

it.each([
  ['**bold** *it* ~~gone~~ `a < b`', '*bold* _it_ ~gone~ `a &lt; b`'],
  ['# Title', '*Title*'],
  ['<u>a</u> ||b *c*|| [||d e||](https://e.org) f || g', 'a b _c_ <https://e.org|d e> f || g'],
  ['[a & b](https://e.org/?x=1&y=2|z)', '<https://e.org/?x=1&amp;y=2%7Cz|a &amp; b>'],
  ['[x](javascript:alert(1)) <!channel> <@U111> @here', 'x &lt;!channel&gt; &lt;@U111&gt; @here'],
  ['- one\n  - two\n- [x] done', '• one\n    • two\n• ☑ done'],
  ['| a | b |\n|---|--:|\n| 1 | <2> |', '```\na |   b\n--+----\n1 | &lt;2&gt;\n```'],
  ['```ts\nconst a = "<b>"\n```', '```\nconst a = "&lt;b&gt;"\n```'],
  ['> quote', '> quote'],
  ['![cat](https://e.org/c.png)', '<https://e.org/c.png|cat>'],
])('writes %j as %j', (markdown, mrkdwn) => expect(renderMrkdwn(markdown)).toBe(mrkdwn))

it.each([
  ['a &lt;b&gt; &amp;amp; c', 'a <b> &amp; c'],
  ['<@U111> in <#C111|old> and <@U999|nick>', '@Anna in #family and @nick'],
  ['<https://e.org/a?x=1&amp;y=2> <http://e.org|e.org> <https://e.org|here>', 'https://e.org/a?x=1&y=2 e.org [here](https://e.org)'],
  ['<mailto:a@e.org|a@e.org> <!here> <!subteam^S1|@team> <!date^1^{date}|today>', 'a@e.org @here @team today'],
  ['&lt;@U111&gt; is no mention', '<@U111> is no mention'],
])('reads %j as %j', (mrkdwn, text) => expect(readMrkdwn(mrkdwn, names)).toBe(text))

it('CHN-22: no words of ours become a mention, a link or a call to everybody', () => {
  const live = /<[!@#]/
  fc.assert(fc.property(fc.array(fc.constantFrom('<!channel>', '<@U111>', '<#C1|x>', '`', '*', '[', ']', '(', ')', '|', '<', '>', '&', '&lt;', '!', '@', ' ', '\n', 'a', '- ', '# ', '```', 'https://e.org/'), { maxLength: 40 }), (parts) => {
    const rendered = renderMrkdwn(parts.join(''))
    expect(rendered).not.toMatch(live)
    for (const [, inside = ''] of rendered.matchAll(/<([^>]*)>/g)) expect(inside).toMatch(/^(https?:\/\/|mailto:)/)
  }), { numRuns: 2_000 })
  // The twin: words that go out as they are.
  expect('<!channel>').toMatch(live)
})

it('what is escaped is read as it was', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => {
    expect(readMrkdwn(escapeText(text), names)).toBe(text)
  }), { numRuns: 2_000 })
})

it('names emoji both ways', () => {
  expect([emojiName('👍'), emojiName('👍🏽'), emojiName('❤️'), emojiName(':party-parrot:'), emojiName('word')]).toEqual(['+1', '+1', 'heart', 'party-parrot', undefined])
  expect([emojiOf('thumbsup'), emojiOf('+1::skin-tone-3'), emojiOf('party-parrot')]).toEqual(['👍', '👍', ':party-parrot:'])
})
