const named: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: '\u00a0' }

/**
 * CommonMark's character references as the signs they stand for; a reader of Markdown leaves them, because a browser would resolve them. One that stands
 * for a control character or for nothing becomes U+FFFD. `shown`: how a sign written by its number is to appear. Absent: as itself.
 */
export function resolveReferences(text: string, shown: (sign: string) => string = (sign) => sign): string {
  return text.replace(/&(?:#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6})|([a-z]{2,6}));/g, (whole, decimal?: string, hex?: string, name?: string) => {
    if (name !== undefined) return Object.hasOwn(named, name) ? (named[name] ?? whole) : whole
    const code = decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number.parseInt(decimal, 10)
    const sign = code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff) ? String.fromCodePoint(code) : '\ufffd'
    return /[^\P{Cc}\n\t]/u.test(sign) ? '\ufffd' : shown(sign)
  })
}
