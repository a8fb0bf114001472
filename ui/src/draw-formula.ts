import { h, type ComponentChild, type VNode } from 'preact'
import temml from 'temml'
import './styles/formula.css'

/** Characters of a formula that is drawn. */
const charsMax = 2_000
/** Elements of a formula, and how deep they stand in one another: browsers lay deep ones out again and again. */
const elementsMax = 3_000
const depthMax = 40
/** The widest and highest thing in a formula, in em. */
const emMax = 40

/** Everything of MathML that may reach the document. What is not here makes the formula be shown as its source. */
const elements = new Set([
  'math', 'mrow', 'mi', 'mn', 'mo', 'mtext', 'mspace', 'mfrac', 'msqrt', 'mroot', 'msub', 'msup', 'msubsup', 'munder', 'mover', 'munderover',
  'mmultiscripts', 'mprescripts', 'none', 'mtable', 'mtr', 'mtd', 'mstyle', 'mpadded', 'mphantom', 'menclose',
])
const word = /^[a-z-]{1,24}$/
const words = /^[a-z -]{1,60}$/
const number = /^[+-]?\d{1,2}$/
const isTruth = (value: string): boolean => value === 'true' || value === 'false'
const isLength = (value: string): boolean => {
  const found = /^([+-]?(?:\d{1,9}(?:\.\d{1,20})?|\.\d{1,20}))(em|ex|pt|px|%|mu)?$/.exec(value)
  const perEm = { em: 1, ex: 2, pt: 10, px: 16, '%': 100, mu: 18 }[found?.[2] ?? 'em'] ?? 1
  return found !== null && Math.abs(Number(found[1])) <= emMax * perEm
}
const areLengths = (value: string): boolean => value.split(' ').length <= 4 && value.split(' ').every(isLength)
const isSize = (value: string): boolean => /^[0-3](?:\.\d{1,6})?em$/.test(value)

/** Attributes that are kept, each with what it may be. Others are left out: colours too, which would be lost in the light or in the dark. */
const attributes: Record<string, (value: string) => boolean> = {
  display: (value) => value === 'block', displaystyle: isTruth, scriptlevel: (value) => number.test(value), mathvariant: (value) => word.test(value), mathsize: isSize,
  fence: isTruth, separator: isTruth, stretchy: isTruth, symmetric: isTruth, largeop: isTruth, movablelimits: isTruth, accent: isTruth, accentunder: isTruth,
  form: (value) => word.test(value), lspace: isLength, rspace: isLength, minsize: isLength, maxsize: isLength, width: isLength, height: isLength, depth: isLength,
  voffset: isLength, linethickness: isLength, rowspacing: areLengths, columnspacing: areLengths, columnalign: (value) => words.test(value), notation: (value) => words.test(value),
}
const isLine = (value: string): boolean => /^\d?(?:\.\d{1,5})?(?:em|px) (?:solid|dashed|double)$/.test(value)
/** Styles that are kept. They are set one by one as properties, which the page's content policy allows; as an attribute it would not. */
const styles: Record<string, (value: string) => boolean> = {
  padding: areLengths, paddingTop: isLength, paddingBottom: isLength, paddingLeft: isLength, paddingRight: isLength, marginLeft: isLength, width: isLength,
  border: isLine, borderTop: isLine, borderBottom: isLine, borderLeft: isLine, borderRight: isLine,
  textAlign: (value) => word.test(value), fontWeight: (value) => value === 'bold', fontStyle: (value) => value === 'italic', mathDepth: (value) => number.test(value),
}
const classes = new Set(['tml-display', 'tml-left', 'tml-right', 'tml-jot', 'tml-small', 'tml-fbox', 'tml-overline', 'tml-underline', 'tml-cancel', 'upstrike', 'downstrike', 'sout', 'tml-xcancel', 'tml-hat-1', 'tml-hat-2', 'tml-hat-3', 'tml-hat-4', 'tml-tilde-2', 'tml-tilde-3', 'tml-tilde-4'])

/** What the library's tree is made of, as far as it is looked at; anything else is refused. */
interface Part {
  type?: unknown
  text?: unknown
  href?: unknown
  src?: unknown
  children?: unknown
  classes?: unknown
  attributes?: unknown
  style?: unknown
}

class Refused extends Error {}

function kept(from: unknown, allowed: Record<string, (value: string) => boolean>): Record<string, string> {
  const out: Record<string, string> = {}
  for (const [name, given] of Object.entries(from ?? {})) {
    const key = name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())
    const value = String(given)
    if (Object.hasOwn(allowed, key) && allowed[key]?.(value) === true) out[key] = value
  }
  return out
}

/** TeX as MathML, in elements of the page; undefined for what is too much, has errors, or would be more than a formula. */
export function drawFormula(tex: string, isBlock: boolean): VNode | undefined {
  // A formula may define nothing: ten definitions of each other are a thousand pages.
  if (tex.length > charsMax || /\\(?:[egx]?def|let|futurelet|global|long|(?:re|provide)?newcommand|renewcommand|providecommand|(?:re)?newenvironment|DeclareMathOperator)(?![A-Za-z])/.test(tex)) return undefined
  let count = 0
  const build = (part: Part, depth: number): ComponentChild => {
    count += 1
    if (count > elementsMax || depth > depthMax) throw new Refused()
    if (typeof part.text === 'string') return part.text
    const children = Array.isArray(part.children) ? part.children as Part[] : []
    // Several parts that stand for one; and the place of a number the library would count over the whole document.
    if (part.type === undefined && part.href === undefined && part.src === undefined) return children.map((child) => build(child, depth + 1))
    if (typeof part.type !== 'string' || !elements.has(part.type)) throw new Refused()
    const names = Array.isArray(part.classes) ? part.classes.filter((name) => classes.has(String(name))) : []
    const style = kept(part.style, styles)
    return h(part.type, {
      ...kept(part.attributes, attributes),
      ...(names.length === 0 ? {} : { class: names.join(' ') }),
      ...(Object.keys(style).length === 0 ? {} : { style }),
      ...(part.type === 'math' ? { alttext: tex } : {}),
    }, ...children.map((child) => build(child, depth + 1)))
  }
  try {
    // A new object for each: the library keeps definitions in it.
    const tree = temml.__renderToMathMLTree(tex, { displayMode: isBlock, throwOnError: true, trust: false, maxExpand: 300, maxSize: [emMax, emMax], wrap: isBlock ? 'none' : 'tex', macros: {} }) as Part
    return tree.type === 'math' ? build(tree, 0) as VNode : undefined
  } catch {
    // Whatever the library or the lists above refuse is shown as it was written.
    return undefined
  }
}
