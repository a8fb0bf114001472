/** Shorter values would be found everywhere by chance. */
const lengthMin = 12

/** Knows the secrets of this gateway and finds them in what is about to leave: plain, reversed, and in base64, hex or percent encoding. */
export interface LeakScan {
  /** From now on this value is looked for. Values shorter than 12 characters are not. */
  add(value: string): void
  /** This value does not open anything any more. */
  drop(value: string): void
  found(text: string): boolean
  /** For a body in pieces: true once a secret was seen, also across pieces. */
  stream(): (piece: Uint8Array) => boolean
}

export function createLeakScan(): LeakScan {
  const values = new Set<string>()
  /** How many values have it. */
  const needles = new Map<string, number>()
  let longest = 0

  const found = (text: string): boolean => {
    if (needles.size === 0) return false
    const forms = new Set([text.toLowerCase()])
    let decoded = text
    // Twice, because an encoded address may stand inside another one.
    for (let round = 0; round < 2 && decoded.includes('%'); round += 1) {
      decoded = decoded.replaceAll(/(?:%[0-9a-f]{2})+/gi, (run) => Buffer.from(run.replaceAll('%', ''), 'hex').toString('utf8'))
      forms.add(decoded.toLowerCase())
    }
    for (const form of forms) for (const needle of needles.keys()) if (form.includes(needle)) return true
    return false
  }

  return {
    add(value) {
      if (value.length < lengthMin || values.has(value)) return
      values.add(value)
      for (const needle of spellings(value)) {
        needles.set(needle, (needles.get(needle) ?? 0) + 1)
        longest = Math.max(longest, needle.length)
      }
    },
    drop(value) {
      if (!values.delete(value)) return
      for (const needle of spellings(value)) {
        const left = (needles.get(needle) ?? 1) - 1
        if (left > 0) needles.set(needle, left)
        else needles.delete(needle)
      }
    },
    found,
    stream() {
      let tail = ''
      return (piece) => {
        const text = tail + Buffer.from(piece).toString('latin1')
        // Percent encoding takes three characters for one.
        tail = text.slice(-longest * 3)
        return found(text)
      }
    },
  }
}

function* spellings(value: string): Generator<string> {
  const bytes = Buffer.from(value, 'utf8')
  yield value.toLowerCase()
  yield bytes.toString('latin1').toLowerCase()
  yield [...value].reverse().join('').toLowerCase()
  yield bytes.toString('hex')
  for (const shift of [0, 1, 2]) {
    // Inside a longer text base64 has three alignments; the characters at the ends also depend on what stands beside.
    const text = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64').replaceAll('=', '')
    const inner = text.slice(shift === 0 ? 0 : shift + 1, (shift + bytes.length) % 3 === 0 ? undefined : -1)
    yield inner.toLowerCase()
    yield inner.replaceAll('+', '-').replaceAll('/', '_').toLowerCase()
  }
}
