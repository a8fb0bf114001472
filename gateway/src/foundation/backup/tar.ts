import { backupProblems } from './problems.ts'

/** One member as it goes in or comes out. Content is exactly `bytes` long. */
export interface Member { path: string; kind: 'file' | 'link' | 'folder'; mode: number; bytes: number; to: string }

const block = 512
const limits = { membersMax: 500_000, pathMax: 1_024, depthMax: 64, bytesMax: 64 * 1024 ** 3 }

/** The header of a member, as POSIX has it (pax records for what does not fit), so that `tar` opens it. Times are left out. */
export function headerOf({ path, kind, mode, bytes, to }: Member): Buffer {
  const records = [...(fits(path) ? [] : [record('path', path)]), ...(fits(to) ? [] : [record('linkpath', to)]), ...(bytes < 8 ** 11 ? [] : [record('size', String(bytes))])]
  const plain = header(fits(path) ? path : 'long', { file: '0', link: '2', folder: '5' }[kind], mode, bytes, fits(to) ? to : 'long')
  if (records.length === 0) return plain
  const body = Buffer.concat(records)
  return Buffer.concat([header('pax', 'x', 0o600, body.length, ''), padded(body), plain])
}

/** Zeros up to the next block. */
export const paddingOf = (bytes: number): Buffer => Buffer.alloc((block - (bytes % block)) % block)
export const archiveEnd: Buffer = Buffer.alloc(2 * block)

const fits = (text: string): boolean => Buffer.byteLength(text) <= 100 && /^[\x20-\x7e]*$/.test(text)
const padded = (body: Buffer): Buffer => Buffer.concat([body, paddingOf(body.length)])

function record(key: string, value: string): Buffer {
  const rest = ` ${key}=${value}\n`
  let length = Buffer.byteLength(rest)
  while (Buffer.byteLength(String(length) + rest) !== length) length = Buffer.byteLength(String(length) + rest)
  return Buffer.from(String(length) + rest)
}

function header(path: string, type: string, mode: number, bytes: number, to: string): Buffer {
  const made = Buffer.alloc(block)
  const octal = (value: number, length: number): string => `${value.toString(8).padStart(length - 1, '0')}\0`
  made.write(path, 0)
  made.write(octal(mode & 0o777, 8), 100)
  made.write(octal(0, 8), 108)
  made.write(octal(0, 8), 116)
  made.write(octal(bytes < 8 ** 11 ? bytes : 0, 12), 124)
  made.write(octal(0, 12), 136)
  made.write(' '.repeat(8), 148)
  made.write(type, 156)
  made.write(to, 157)
  made.write('ustar\x0000', 257)
  made.write(`${octal(sumOf(made), 7)} `, 148)
  return made
}

const sumOf = (made: Buffer): number => made.reduce((sum, byte) => sum + byte, 0)

/**
 * Hands out the members of an archive in order; `use` must take a file's content to its end. Throws `backup-refused` for anything but files, links and
 * folders under plain relative names, each once, and `backup-damaged` for what is no archive.
 */
export async function readMembers(source: AsyncIterable<Uint8Array>, use: (member: Member, content: AsyncIterable<Buffer>) => Promise<void>): Promise<void> {
  const pieces = source[Symbol.asyncIterator]()
  try {
    await readAll(reader(pieces), use)
  } finally {
    await pieces.return?.()
  }
}

async function readAll(input: Reader, use: (member: Member, content: AsyncIterable<Buffer>) => Promise<void>): Promise<void> {
  const seen = new Set<string>()
  const ways = new Map<string, 'file' | 'link' | 'folder'>()
  let total = 0
  let pax: Map<string, string> | undefined
  for (;;) {
    const head = await input.take(block)
    if (head.every((byte) => byte === 0)) break
    const text = (from: number, to: number): string => head.subarray(from, to).toString('utf8').replace(/\0[\s\S]*$/, '')
    const number = (from: number, to: number): number => {
      const digits = text(from, to).trim()
      if (!/^[0-7]{1,12}$/.test(digits)) throw backupProblems.damaged('a header is no header')
      return Number.parseInt(digits, 8)
    }
    const sum = number(148, 156)
    head.fill(' ', 148, 156)
    if (sumOf(head) !== sum) throw backupProblems.damaged('a header does not add up')
    const type = text(156, 157)
    if (type === 'x') {
      if (pax !== undefined) throw backupProblems.refused('two extra headers for one member')
      pax = paxOf(await input.padded(Math.min(number(124, 136), 65_536)))
      continue
    }
    const kind = { '0': 'file', '': 'file', '2': 'link', '5': 'folder' }[type] as Member['kind'] | undefined
    if (kind === undefined) throw backupProblems.refused(`a member of type ${JSON.stringify(type)}`)
    const path = checkedPath((pax?.get('path') ?? text(0, 100)).replace(/\/$/, ''))
    const size = Number(pax?.get('size') ?? number(124, 136))
    if (!Number.isSafeInteger(size) || size < 0 || (kind !== 'file' && size !== 0)) throw backupProblems.refused('a size that is none')
    const to = kind === 'link' ? pax?.get('linkpath') ?? text(157, 257) : ''
    total += size
    if (total > limits.bytesMax || seen.size >= limits.membersMax) throw backupProblems.refused('more than a backup holds')
    if (seen.has(path)) throw backupProblems.refused(`"${path}" twice`)
    const steps = path.split('/')
    for (let depth = 1; depth < steps.length; depth += 1) {
      const way = steps.slice(0, depth).join('/')
      if ((ways.get(way) ?? 'folder') !== 'folder') throw backupProblems.refused(`"${path}" leads through a ${ways.get(way)}`)
      ways.set(way, 'folder')
    }
    if (kind !== 'folder' && ways.has(path)) throw backupProblems.refused(`"${path}" is a folder and something else`)
    ways.set(path, kind)
    seen.add(path)
    let left = size
    await use({ path, kind, mode: number(100, 108), bytes: size, to }, (async function* () {
      while (left > 0) {
        const piece = await input.some(left)
        left -= piece.length
        yield piece
      }
    })())
    while (left > 0) left -= (await input.some(left)).length
    await input.take(paddingOf(size).length)
    pax = undefined
  }
  await input.toEnd()
}

/** A plain relative name: no step up, no empty step, nothing that hides. */
function checkedPath(path: string): string {
  const shown = JSON.stringify(path.slice(0, 80))
  if (path === '' || path.length > limits.pathMax || path.startsWith('/') || path.includes('\\')) throw backupProblems.refused(`the name ${shown}`)
  // oxlint-disable-next-line no-control-regex -- these are what must not be in a name
  if (/[\u0000-\u001f\u007f\ufffd]/.test(path)) throw backupProblems.refused(`the name ${shown}`)
  const steps = path.split('/')
  if (steps.length > limits.depthMax || steps.some((step) => step === '' || step === '.' || step === '..' || Buffer.byteLength(step) > 255)) throw backupProblems.refused(`the name ${shown}`)
  return path
}

function paxOf(body: Buffer): Map<string, string> {
  const found = new Map<string, string>()
  for (let at = 0; at < body.length;) {
    const space = body.indexOf(0x20, at)
    const length = Number(body.subarray(at, space).toString('latin1'))
    const line = body.subarray(space + 1, at + length - 1).toString('utf8')
    const equals = line.indexOf('=')
    const key = line.slice(0, equals)
    if (space < 0 || !Number.isSafeInteger(length) || length < 5 || at + length > body.length || !['path', 'linkpath', 'size'].includes(key) || found.has(key)) throw backupProblems.refused('an extra header it does not know')
    found.set(key, line.slice(equals + 1))
    at += length
  }
  return found
}

interface Reader {
  take(count: number): Promise<Buffer>
  padded(count: number): Promise<Buffer>
  /** At least one byte, at most so many. */
  some(most: number): Promise<Buffer>
  /** Nothing but zeros may follow. */
  toEnd(): Promise<void>
}

function reader(pieces: AsyncIterator<Uint8Array>): Reader {
  let rest: Buffer = Buffer.alloc(0)
  const more = async (): Promise<boolean> => {
    const { value, done } = await pieces.next()
    if (done === true) return false
    rest = rest.length === 0 ? Buffer.from(value) : Buffer.concat([rest, value])
    return true
  }
  const take = async (count: number): Promise<Buffer> => {
    while (rest.length < count) if (!(await more())) throw backupProblems.damaged('it ends too early')
    const taken = Buffer.from(rest.subarray(0, count))
    rest = rest.subarray(count)
    return taken
  }
  return {
    take,
    async padded(count) {
      const taken = await take(count)
      await take(paddingOf(count).length)
      return taken
    },
    async some(most) {
      while (rest.length === 0) if (!(await more())) throw backupProblems.damaged('it ends too early')
      return take(Math.min(most, rest.length))
    },
    async toEnd() {
      do {
        if (rest.some((byte) => byte !== 0)) throw backupProblems.damaged('something stands behind its end')
        rest = Buffer.alloc(0)
      } while (await more())
    },
  }
}
