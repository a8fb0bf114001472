import fc from 'fast-check'
import JSON5 from 'json5'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { patchJson5, setJson5, unsetJson5 } from './edit-json5.ts'
import { Json5Error, nodeAt, nodeValue, parseJson5, positionOf, setOwn } from './json5-document.ts'

const key = fc.oneof(
  fc.constantFrom('a', 'b', 'gateway', 'port', 'bot-token', '__proto__', 'constructor', 'with space', '9', 'ü', ''),
  fc.string({ unit: 'binary', maxLength: 6 }),
)
const scalar = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }), fc.double(), fc.integer(), fc.boolean(), fc.constant(null),
  fc.constantFrom('it\'s', '"quoted"', 'back\\slash', '// no comment', '/* nor this */', '}', '\u2028', '\r\n'),
)
const { value: anyValue } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true }, scalar, fc.array(tie('value'), { maxLength: 4 }),
    fc.array(fc.tuple(key, tie('value')), { maxLength: 4 }).map(objectOf),
  ),
}))
const anyObject = fc.array(fc.tuple(key, anyValue), { maxLength: 5 }).map(objectOf)

function objectOf(entries: [string, unknown][]): Record<string, unknown> {
  const made: Record<string, unknown> = {}
  for (const [name, inner] of entries) setOwn(made, name, inner)
  return made
}

/** Writes a value in one of many styles, with a numbered comment in most gaps. */
function dress(value: unknown, bits: () => number): { text: string; comments: string[] } {
  const comments: string[] = []
  const newline = bits() % 2 === 0 ? '\n' : '\r\n'
  const gap = (): string => {
    switch (bits() % 7) {
      case 0: return ''
      case 1: return ' '
      case 2: return newline
      case 3: return `${newline}\t`
      case 4: {
        comments.push(`// c${comments.length}c "}`)
        return ` ${comments.at(-1)}${newline}  `
      }
      case 5: {
        comments.push(`/* c${comments.length}c ]' */`)
        return `${comments.at(-1)}`
      }
      default: {
        comments.push(`/* c${comments.length}c${newline} , */`)
        return `${newline}${comments.at(-1)} `
      }
    }
  }
  const quoted = (text: string): string => {
    const json = JSON.stringify(text)
    return bits() % 2 === 0 ? json : `'${json.slice(1, -1).replaceAll('\\"', '"').replaceAll('\'', '\\\'')}'`
  }
  const named = (name: string): string => (/^[A-Za-z_$][\w$]*$/.test(name) && bits() % 2 === 0 ? name : quoted(name))
  const wrap = (open: string, parts: (() => string)[], close: string): string => {
    let text = open
    for (const [position, part] of parts.entries()) {
      text += gap() + part() + gap()
      if (position < parts.length - 1 || bits() % 3 === 0) text += ','
    }
    return text + gap() + close
  }
  const write = (inner: unknown): string => {
    if (typeof inner === 'string') return quoted(inner)
    if (typeof inner === 'number') return Object.is(inner, -0) ? '-0' : String(inner)
    if (Array.isArray(inner)) return wrap('[', inner.map((entry) => () => write(entry)), ']')
    if (typeof inner === 'object' && inner !== null) {
      return wrap('{', Object.entries(inner).map(([name, entry]) => () => named(name) + gap() + ':' + gap() + write(entry)), '}')
    }
    return JSON.stringify(inner)
  }
  const bom = bits() % 5 === 0 ? '\uFEFF' : ''
  return { text: bom + gap() + write(value) + gap(), comments }
}

/** A text with its value, styles drawn at random. */
const dressed = fc.tuple(anyObject, fc.array(fc.nat(1000), { minLength: 60, maxLength: 60 })).map(([value, numbers]) => {
  let at = 0
  return { value, ...dress(value, () => numbers[at++ % numbers.length] ?? 0) }
})

function setIn(value: unknown, path: readonly string[], put: unknown): unknown {
  const [step, ...rest] = path
  if (step === undefined) return put
  const base: Record<string, unknown> = {}
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) for (const [name, inner] of Object.entries(value)) setOwn(base, name, inner)
  setOwn(base, step, setIn(Object.hasOwn(base, step) ? base[step] : undefined, rest, put))
  return base
}

function mergePatch(value: unknown, changes: Record<string, unknown>): unknown {
  const base: Record<string, unknown> = {}
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) for (const [name, inner] of Object.entries(value)) setOwn(base, name, inner)
  for (const [name, change] of Object.entries(changes)) {
    if (change === null) delete base[name]
    else if (typeof change === 'object' && !Array.isArray(change)) setOwn(base, name, mergePatch(Object.hasOwn(base, name) ? base[name] : undefined, change as Record<string, unknown>))
    else setOwn(base, name, change)
  }
  return base
}

/** No step of the path leads through a list: there names and positions would differ. */
function throughObjects(value: unknown, path: readonly string[]): boolean {
  let at = value
  for (const step of path) {
    if (Array.isArray(at)) return false
    at = typeof at === 'object' && at !== null && Object.hasOwn(at, step) ? (at as Record<string, unknown>)[step] : undefined
  }
  return true
}

/** A path that often exists in the value. */
const spot = fc.array(fc.tuple(fc.boolean(), fc.nat(9), key), { minLength: 1, maxLength: 4 })
function pathInto(value: unknown, draws: readonly (readonly [boolean, number, string])[]): string[] {
  const path: string[] = []
  let at = value
  for (const [follow, choice, name] of draws) {
    const names = typeof at === 'object' && at !== null ? Object.keys(at) : []
    const step = follow && names.length > 0 ? (names[choice % names.length] as string) : name
    path.push(step)
    at = typeof at === 'object' && at !== null && Object.hasOwn(at, step) ? (at as Record<string, unknown>)[step] : undefined
  }
  return path
}

beforeAll(() => {
  // The reference reader warns about U+2028 in strings on the console.
  vi.spyOn(console, 'warn').mockReturnValue()
})
afterAll(() => {
  vi.restoreAllMocks()
})

describe('reading', () => {
  test('agrees with the json5 package on every text it can read', () => {
    fc.assert(fc.property(dressed, ({ text }) => {
      expect(nodeValue(parseJson5(text).root as never)).toEqual(JSON5.parse(text))
    }), { numRuns: 500 })
  })

  test('agrees with the json5 package on what is not JSON5', () => {
    const noise = fc.string({ unit: fc.constantFrom(...'{}[],:"\'\\/* \n\r\tab01+-.xeEu$_;\u2028#'), maxLength: 12 })
    fc.assert(fc.property(noise, (text) => {
      let expected: { value: unknown } | undefined
      try {
        expected = { value: JSON5.parse(text) }
      } catch {
        // Not JSON5, says the reference.
      }
      let found: { value: unknown } | undefined
      try {
        const { root } = parseJson5(text)
        found = root === undefined ? undefined : { value: nodeValue(root) }
      } catch (error) {
        expect(error).toBeInstanceOf(Json5Error)
      }
      expect(found).toEqual(expected)
    }), { numRuns: 2000 })
  })

  test.each([
    ['hex', '{a: 0xFF, b: -0x1, c: +.5, d: 5., e: -Infinity, f: 1e3}'],
    ['escapes', String.raw`{a: '\x41\u0042\v\0\'\
more', "\u0061b": 'x', \u0063: 1}`],
    ['byte order mark', '\uFEFF{a: 1}'],
    ['duplicates', '{a: 1, a: 2}'],
  ])('%s', (_name, text) => {
    expect(nodeValue(parseJson5(text).root as never)).toEqual(JSON5.parse(text))
  })

  test('nesting is bounded instead of ending the process', () => {
    expect(() => parseJson5('['.repeat(10_000))).toThrow(/nested deeper/)
  })

  test('says where it stopped', () => {
    const text = '{\r\n  a: 1,\r\n  b: oops\r\n}'
    try {
      parseJson5(text)
      expect.unreachable()
    } catch (error) {
      expect(positionOf(text, (error as Json5Error).offset)).toEqual({ line: 3, column: 6 })
    }
  })
})

describe('editing', () => {
  test('set: the value is what it should be, and every comment outside the value is still there', () => {
    fc.assert(fc.property(dressed, spot, anyValue, ({ text, value, comments }, draws, put) => {
      const path = pathInto(value, draws)
      fc.pre(throughObjects(value, path))
      const edited = setJson5(text, path, put)
      expect(JSON5.parse(edited)).toEqual(setIn(value, path, put))
      const before = parseJson5(text)
      let inside: [number, number] = [-1, -1]
      let at = before.root
      for (const step of path) {
        if (at !== undefined) inside = [at.start, at.end]
        if (at?.kind !== 'object') break
        const member = at.members.findLast((each) => each.key === step)
        if (member === undefined) {
          inside = [-1, -1]
          break
        }
        at = member.value
        inside = [at.start, at.end]
      }
      for (const [position, comment] of before.comments.entries()) {
        const outside = comment.start < inside[0] || comment.start >= inside[1]
        if (outside) expect(edited).toContain(comments[position] ?? 'a comment was lost by the test itself')
      }
    }), { numRuns: 500 })
  })

  test('unset: gone, nothing else changed, comments kept', () => {
    fc.assert(fc.property(dressed, spot, ({ text, value, comments }, draws) => {
      const path = pathInto(value, draws)
      fc.pre(throughObjects(value, path))
      const edited = unsetJson5(text, path)
      const expected = JSON5.parse(text) as Record<string, unknown>
      let parent: unknown = expected
      for (const step of path.slice(0, -1)) parent = typeof parent === 'object' && parent !== null && Object.hasOwn(parent, step) ? (parent as Record<string, unknown>)[step] : undefined
      if (typeof parent === 'object' && parent !== null) delete (parent as Record<string, unknown>)[path.at(-1) as string]
      expect(JSON5.parse(edited)).toEqual(expected)
      const gone = nodeAt(parseJson5(text), path)
      for (const [position, span] of parseJson5(text).comments.entries()) {
        const beside = text.slice(0, span.start).trimEnd()
        const ofTheKey = gone !== undefined && span.start < gone.end && (span.start >= gone.start || beside.endsWith(':') || text.slice(span.start, gone.start).includes(':'))
        if (!ofTheKey) expect(edited).toContain(comments[position] ?? 'a comment was lost by the test itself')
      }
    }), { numRuns: 500 })
  })

  test('patch is a merge patch', () => {
    fc.assert(fc.property(dressed, anyObject, ({ text, value }, changes) => {
      expect(JSON5.parse(patchJson5(text, changes))).toEqual(mergePatch(value, changes))
    }), { numRuns: 500 })
  })

  test('setting what is there already changes no byte', () => {
    fc.assert(fc.property(dressed, ({ text, value }) => {
      expect(setJson5(text, [], value)).toBe(text)
    }))
  })

  const file = `// my gateway
{
  // where it listens
  gateway: {
    port: 18789, // the usual
    bind: 'loopback',
  },

  channels: {
    telegram: { enabled: true, allowFrom: [
      111, // mum
      222, // dad
    ] },
  }, // networks
}
`
  test('a changed value leaves everything else byte for byte', () => {
    expect(setJson5(file, ['gateway', 'port'], 9000)).toBe(file.replace('18789', '9000'))
    expect(setJson5(file, ['gateway', 'bind'], 'lan')).toBe(file.replace('\'loopback\'', '\'lan\''))
  })

  test('a new key takes the manners of its neighbours', () => {
    expect(setJson5(file, ['gateway', 'auth', 'mode'], 'token')).toBe(file.replace('\'loopback\',\n', '\'loopback\',\n    auth: {\n      mode: \'token\'\n    },\n'))
    expect(setJson5('{\n\t"a": 1 // one\n}\n', ['b'], 'x')).toBe('{\n\t"a": 1, // one\n\t"b": "x"\n}\n')
    expect(setJson5('{"a":1}', ['b', 'c'], true)).toBe('{"a":1,"b":{"c":true}}')
    expect(setJson5('{ a: 1 }', ['b'], 2)).toBe('{ a: 1, b: 2 }')
    expect(setJson5('', ['gateway', 'port'], 1)).toBe('{\n  "gateway": {\n    "port": 1\n  }\n}\n')
    expect(setJson5('// later\n', ['a'], 1)).toBe('// later\n{\n  "a": 1\n}\n')
    expect(setJson5('{\r\n  // nothing yet\r\n}\r\n', ['a'], 1)).toBe('{\r\n  // nothing yet\r\n  "a": 1\r\n}\r\n')
  })

  test('list entries keep their own comments', () => {
    const at = ['channels', 'telegram', 'allowFrom']
    expect(setJson5(file, at, [222])).toBe(file.replace('      111, // mum\n', '       // mum\n'))
    expect(setJson5(file, at, [111, 222, 333])).toBe(file.replace('// dad\n', '// dad\n      333,\n'))
  })

  test('a removed key takes its line along', () => {
    expect(unsetJson5(file, ['gateway', 'bind'])).toBe(file.replace('    bind: \'loopback\',\n', ''))
    expect(unsetJson5('{"a":1,"b":2}', ['b'])).toBe('{"a":1}')
    expect(unsetJson5('{ a: 1, b: 2 }', ['a'])).toBe('{ b: 2 }')
    expect(unsetJson5('{\n  a: 1, // one\n  b: 2\n}', ['b'])).toBe('{\n  a: 1 // one\n}')
    expect(unsetJson5('{a: 1, b: 2, a: 3}', ['a'])).toBe('{b: 2}')
  })

  test('a position beyond the end of a list is refused', () => {
    expect(() => setJson5('[1]', [5], 1)).toThrow(RangeError)
  })
})
