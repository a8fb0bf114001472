import { resolveReferences } from '../character-references.ts'
import { type MarkdownOf, type MarkdownWriter, tableLines, type WrittenItem } from './markdown-tree.ts'

/** The writer of a network whose messages are text. What `own` leaves out is written as words without marks. */
export function textWriter(own: Partial<MarkdownWriter<string>> & Pick<MarkdownWriter<string>, 'link' | 'image'>): MarkdownWriter<string> {
  const writer: MarkdownWriter<string> = {
    blocks: (parts, parent) => parts.filter((part) => part !== '').join(parent?.type === 'list_item' && !parent.loose ? '\n' : '\n\n'),
    inline: (parts) => parts.join(''),
    heading: (inner) => inner,
    quote: (inner) => inner.split('\n').map((line) => (line.startsWith('> ') ? line : `> ${line}`)).join('\n'),
    list: (items, loose) => listLines(items, loose, '•'),
    table: (node) => writer.code(tableLines(node), undefined),
    code: withoutLastBreaks,
    rule: () => '———',
    html: (text) => writer.other(text),
    strong: (inner) => inner,
    em: (inner) => inner,
    del: (inner) => inner,
    underline: (inner) => inner,
    spoiler: (inner) => inner,
    codespan: (text) => text,
    br: () => '\n',
    words: (text) => resolveReferences(text),
    escape: (sign) => sign,
    checkbox: (_, raw) => writer.other(raw),
    other: (raw) => raw,
    ...own,
  }
  return writer
}

/** A list as lines; what follows the first line of an item stands under it, by `indent` columns. Absent: as far as its marker is wide. */
export function listLines(items: readonly WrittenItem<string>[], loose: boolean, bullet: string, indent?: number): string {
  return items.map(({ number, box, body }) => {
    const marker = number === undefined ? bullet : `${number}.`
    return `${marker} ${box === undefined ? '' : `${box} `}${body.replace(/\n(?=[^\n])/g, `\n${' '.repeat(indent ?? marker.length + 1)}`)}`.trimEnd()
  }).join(loose ? '\n\n' : '\n')
}

/** Words between marks; without words there are no marks either. */
export function enclose(inner: string, open: string, close: string = open): string {
  return inner.trim() === '' ? inner : `${open}${inner}${close}`
}

/** Code between three backticks, for networks that end it at the first three, however many it began with. Nothing where there is no code. */
export function fence(text: string, language = ''): string {
  return text.trim() === '' ? '' : `\`\`\`${language}\n${backticksApart(withoutLastBreaks(text))}\n\`\`\``
}

/** A language named behind a fence's opening, where it is a name; else undefined. */
export function fenceLanguage(info: string | undefined): string | undefined {
  return /^[A-Za-z0-9_+#.-]{1,32}/.exec(info ?? '')?.[0]
}

/** Three backticks that are words would open or end code for some networks: a space without width keeps them apart. */
export function backticksApart(text: string): string {
  return text.replaceAll(/``(?=`)/g, '``\u200b')
}

/** Code as it was meant: a fence's text may end in empty lines. */
export function withoutLastBreaks(text: string): string {
  return text.replace(/(?<!\n)\n+$/, '')
}

/** Whether a link shows its own address: then its words are `text`, as it was written. */
export function isBareLink(link: MarkdownOf<'link'>): boolean {
  return link.autolink === true || link.raw === link.href
}

/** Whether an address is absolute and of one of these schemes (`https:`). What is neither has nothing to open: its words stay. */
export function hasScheme(address: string, schemes: readonly string[]): boolean {
  return URL.canParse(address) && schemes.includes(new URL(address).protocol)
}
