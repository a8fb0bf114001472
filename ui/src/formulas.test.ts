import { describe, expect, it } from 'vitest'
import type { Token } from 'marked'
import type { FormulaToken } from './formulas.ts'
import { createMarkdownReader, formulasMax } from './markdown-blocks.ts'

/** The formulas of a text: `TeX`, or `[TeX]` for one on lines of its own; `!` for one too many. */
function formulas(text: string, reader = createMarkdownReader()): string[] {
  const found: string[] = []
  const walk = (tokens: readonly Token[]): void => {
    for (const token of tokens as (Token & { tokens?: Token[]; items?: Token[]; header?: { tokens: Token[] }[]; rows?: { tokens: Token[] }[][] })[]) {
      if (token.type === 'formula') {
        const { text: tex, isBlock, isBeyond } = token as unknown as FormulaToken
        found.push(`${isBeyond === true ? '!' : ''}${isBlock ? `[${tex}]` : tex}`)
      }
      walk(token.tokens ?? [])
      walk(token.items ?? [])
      for (const cell of [token.header ?? [], ...(token.rows ?? [])].flat()) walk(cell.tokens)
    }
  }
  walk(reader.read(text).map(({ token }) => token))
  return found
}

describe('formulas in a text', () => {
  it.each<[string, string[]]>([
    ['$x$', ['x']],
    ['the $n$th of $a_i$ and $b_i$, or ($c$)', ['n', 'a_i', 'b_i', 'c']],
    ['\\(a\nb\\) and \\(\\text{f}(x)\\)', ['a\nb', '\\text{f}(x)']],
    ['$$x$$', ['[x]']],
    ['so $$x$$ and on', ['[x]']],
    ['So:\n$$\na\n- b\n= c\n# d\n$$\nDone.', ['[a\n- b\n= c\n# d]']],
    ['So:\n\\[\n\\begin{matrix} a \\\\[2pt] b \\end{matrix}\n\\]\nDone.', ['[\\begin{matrix} a \\\\[2pt] b \\end{matrix}]']],
    ['- item\n\n  $$x$$\n- \\[y\\]', ['[x]', '[y]']],
    ['> $$\n> x\n> $$', ['[x]']],
    ['| a |\n|---|\n| $x$ |', ['x']],
    ['**bold $a$** *it $b*c$ x*', ['a', 'b*c']],
    ['$5$ and $2x = 4$', ['5', '2x = 4']],
    ['$\\$5$', ['\\$5']],
  ])('finds those in %j', (text, expected) => {
    expect(formulas(text)).toEqual(expected)
  })

  it.each([
    '$5 and $10', 'from $5 to $10 each', '$5, or 5$', 'US$5, A$7', '$HOME/$USER', 'a $ b $ c', '$ x$', '$x $', '$$$$', '$x', '$$\nx', '\\[ x', '\\( x', '\\$x\\$', '\\\\(x\\\\)',
    '`$x$`', '`` \\(x\\) ``', '```\n$$x$$\n```', '    $$x$$', '$a `b$` c', '$$\na\n\nb\n$$', '$a\nb$', '[$x](https://example.com/$y)',
  ])('finds none in %j', (text) => {
    expect(formulas(text)).toEqual([])
  })

  it('leaves an unfinished one its source, at every step, and closes it when its end comes', () => {
    const reader = createMarkdownReader()
    const whole = 'So:\n\n$$\na\n- b\n\\frac{1}{2}\n$$\n\nDone.'
    for (let end = 1; end <= whole.length; end += 1) {
      expect(formulas(whole.slice(0, end), reader)).toEqual(formulas(whole.slice(0, end)))
    }
    expect(formulas(whole, reader)).toEqual(['[a\n- b\n\\frac{1}{2}]'])
  })

  it('marks those beyond a hundred, however the text came', () => {
    const reader = createMarkdownReader()
    const part = '$x$\n\n'
    for (let count = 1; count <= formulasMax + 3; count += 20) reader.read(part.repeat(count))
    const all = formulas(part.repeat(formulasMax + 2), reader)
    expect([all.length, all.filter((one) => one === '!x').length, all.at(-3)]).toEqual([formulasMax + 2, 2, 'x'])
    expect(formulas(`- ${'$y$ '.repeat(formulasMax + 1)}`).filter((one) => one.startsWith('!'))).toEqual(['!y'])
  })

  it('reads many that begin and never end about once', () => {
    for (const one of ['\\(a ', '\\[a ', '$a ', '$$a ', '$a$$b ']) expect(formulas(one.repeat(2_900 / one.split('$').length)).length).toBeLessThan(2_900)
  })
})
