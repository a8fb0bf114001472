/**
 * Random command lines, read by the allow list's parser and then given to real shells: what the parser says a line starts must be
 * exactly what is started, word for word. Every program on the path is a recorder. Lines the parser leaves to a person are not run.
 * `npx tsx test/campaigns/shell-fuzz.ts --count 1000000 [--seed 1]`; `test/attacks/shell-fuzz.test.ts` is the short form.
 */
import { spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseSimple, type SimpleCommand } from '../../gateway/src/journey/guard/allow-list/index.ts'

export interface Mismatch { shell: string; line: string; predicted: string[]; started: string[] }

export interface FuzzReport {
  generated: number
  /** Lines of which the parser said what they start. */
  read: number
  /** Programs the shells started for them. */
  started: number
  shells: string[]
  mismatches: Mismatch[]
  /** Files in the folder the shells worked in that no recorder makes. */
  strays: string[]
}

export interface FuzzOptions {
  count: number
  seed: number
  /** The reading that is tried; absent: the allow list's. */
  read?: (line: string) => readonly SimpleCommand[] | undefined
  /** Called after each batch. */
  progress?: (report: FuzzReport) => void
}

const batchSize = 1_000
const shells = [
  { name: 'bash', words: ['/bin/bash', '--norc', '--noprofile', '-c'], ownBuiltins: false },
  { name: 'dash', words: ['/bin/dash', '-c'], ownBuiltins: true },
].filter(({ words: [path] }) => existsSync(path ?? ''))

const sayers = ['echo', 'true', 'false', 'pwd']
const programs = ['p1', 'p2', 'p3', 'jq', 'g++', 'a.b', 'x_y', '7z', 'no1', 'no2', ...sayers]
const failing = (name: string): boolean => name.startsWith('no') || name === 'false'
/** What an unquoted pattern in the working folder would find. */
const lures = ['a', 'b', 'ab', '-n', 'x=1', 'c d', '.hidden', 'p1', 'p2']

/** Numbers from 0 up to 1, the same for the same seed. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const tricks = [
  '$(p2)', '`p2`', '$x', '${x}', '${x:-p2}', '$((1))', '$\'a\\n\'', '$"a"', '$', '*', '?', '[a]', '[', ']', '~', '~/x', '{a,b}', '{', '}', '{1..3}', '#', ' #', '\n', '\t', '\r', '\v', '\u00a0', '\u2028', '\u00e9', '\u200b', '\0', '\x01', '\x7f', '\\',
  '\\\n', '\'', '"', '\'\'', '""', '\\\'', '\\"', '\\\\', '\\ ', '\\$', '\\`', '\\!', '!', '!!', '!$', '&', ' & ', '>f', ' > f ', '2>f', '2>&1', '&>f', '>|f', '<a', '<<E', '<<<a', '<(p2)', '>(p2)', ';', ';;', '|', '|&', '||', '&&', '(', ')', '()', '^', '=', '%1', '@(a)', '+(a)',
  ',', ':', '-', '--', '+', '.', './p1', '../p1', '/p1', 'x=1 ', 'PATH=. ', 'if ', 'then ', 'fi', 'for ', 'do ', 'done', 'case ', 'in ', 'time ', 'coproc ', 'function ', '! ', '[[ ', ' ]]', '[ ', 'eval ', 'exec ', 'command ', 'builtin ', 'source ', '. ', 'cd / && ', 'alias p1=p2;', 'p1() p2;', 'env ', 'sh -c ',
  'test -v ', 'printf -v ', 'set -- ', 'export ', 'trap p2 EXIT;', 'let ', 'read ', 'nohup ', 'xargs ', 'true ', 'echo ', 'no1 ',
] as const
const letters = 'abnpxz019_./:,@%+=-'
const quotedOnly = ' *?[]{}()<>|&;#~^$`"\'\\!\t'

function lineMaker(seed: number, bin: string): () => string {
  const random = randomFrom(seed)
  const below = (count: number): number => Math.floor(random() * count)
  const pick = <Item>(from: ArrayLike<Item>): Item => from[below(from.length)] as Item
  const repeat = (most: number, make: () => string): string => Array.from({ length: below(most + 1) }, make).join('')

  function piece(): string {
    switch (below(9)) {
      case 0: return `'${repeat(5, () => (random() < 0.5 ? pick(letters) : pick(quotedOnly.replace('\'', ''))))}'`
      case 1: return `"${repeat(5, () => (random() < 0.6 ? pick(letters) : random() < 0.5 ? pick(' *?[]{}()<>|&;#~^\'') : `\\${pick(quotedOnly + letters)}`))}"`
      case 2: return `\\${pick(quotedOnly.replace('\t', '') + letters)}`
      case 3: return pick(lures)
      case 4: return pick(['-n', '--x=y', '-', '--', '-abc', 'if', 'in', 'do', 'p1', 'echo', 'x=1', '%1', '/usr', '../a', '0', '00', '-e'])
      default: return repeat(4, () => pick(letters)) || 'a'
    }
  }
  const word = (): string => piece() + (random() < 0.3 ? piece() : '') + (random() < 0.1 ? piece() : '')
  const name = (): string => (random() < 0.06 ? join(bin, pick(programs)) : random() < 0.04 ? word() : pick(programs))
  const blank = (): string => ' '.repeat(random() < 0.85 ? 1 : below(4) + 1)
  const command = (): string => name() + repeat(4, () => blank() + word())
  const line = (): string => {
    let text = (random() < 0.1 ? blank() : '') + command()
    while (random() < 0.4) text += (random() < 0.7 ? blank() : '') + pick(['&&', '||', ';', '|']) + (random() < 0.7 ? blank() : '') + command()
    return text + (random() < 0.1 ? blank() : '')
  }
  function mutate(text: string): string {
    const at = below(text.length + 1)
    switch (below(6)) {
      case 0: return text.slice(0, at) + text.slice(at + 1 + below(3))
      case 1: return text.slice(0, at) + pick(letters + quotedOnly) + text.slice(at)
      case 2: return text.slice(0, at) + pick(quotedOnly) + text.slice(at + 1)
      case 3: { const other = below(text.length + 1); return text.slice(0, at) + text.slice(Math.min(at, other), Math.max(at, other)) + text.slice(at) }
      default: return text.slice(0, at) + pick(tricks) + text.slice(at)
    }
  }
  return () => {
    let text = line()
    if (random() < 0.55) text = mutate(text)
    while (random() < 0.3) text = mutate(text)
    return text.slice(0, 600)
  }
}

/** What a shell starts of a line that was read so; in the order of their text. */
function predicted(commands: readonly SimpleCommand[], bin: string, ownBuiltins: boolean): string[] {
  const started: string[] = []
  let status = 0
  let runs = true
  for (const { argv: [name = '', ...rest], after } of commands) {
    if (after === '&&') runs = status === 0
    else if (after === '||') runs = status !== 0
    else if (after !== '|') runs = true
    if (!runs) continue
    const known = programs.includes(basename(name)) && (!name.includes('/') || name === join(bin, basename(name)))
    const own = ownBuiltins && sayers.includes(name)
    if (known && !own) started.push(JSON.stringify([join(bin, basename(name)), ...rest]))
    // The shells' own pwd knows two letters; the recorder takes everything.
    const refused = own && name === 'pwd' && rest.some((word, index) => rest.slice(0, index + 1).every((each) => /^-[^-]/.test(each)) && !/^-[LP]*$/.test(word))
    status = known && !failing(basename(name)) && !refused && !(own && name === 'pwd' && /^--./.test(rest[0] ?? '')) ? 0 : 1
  }
  return started.sort()
}

/** The recorder's log: a mark before every line, then what was started. */
function readLog(log: Buffer): string[][] {
  const fields = log.toString('latin1').split('\0')
  const lines: string[][] = []
  for (let at = 0; at < fields.length - 1;) {
    if (fields[at] === 'line') {
      lines.push([])
      at += 1
    } else {
      const end = at + 3 + Number(fields[at + 1])
      lines.at(-1)?.push(JSON.stringify(fields.slice(at + 2, end)))
      at = end
    }
  }
  return lines.map((started) => started.sort())
}

/** Resolves with what became of `count` lines. Works in a folder of its own, which is gone afterwards. */
export async function fuzzShell({ count, seed, read = parseSimple, progress }: FuzzOptions): Promise<FuzzReport> {
  const place = mkdtempSync(join(tmpdir(), 'moltbot-fuzz-'))
  const [bin, folder, batch, driver, quiet] = ['bin', 'folder', 'batch', 'driver', 'quiet'].map((name) => join(place, name)) as [string, string, string, string, string]
  const report: FuzzReport = { generated: 0, read: 0, started: 0, shells: shells.map(({ name }) => name), mismatches: [], strays: [] }
  try {
    for (const path of [bin, folder]) mkdirSync(path)
    for (const name of lures) writeFileSync(join(folder, name), '')
    for (const name of programs) {
      writeFileSync(join(bin, name), `#!/bin/sh\nprintf '%s\\0' run "$#" "$0" "$@" >>"$RECORD"\nexit ${failing(name) ? 1 : 0}\n`)
      chmodSync(join(bin, name), 0o755)
    }
    // So that even what the shell would say itself is recorded; the line is read as ever.
    writeFileSync(quiet, `enable -n ${sayers.join(' ')}\n`)
    writeFileSync(driver, `log=$1; shift; while IFS= read -r -d '' line; do printf 'line\\0' >>"$log"; "$@" "$line" </dev/null >/dev/null 2>&1; done <${batch}\n`)
    const next = lineMaker(seed, bin)
    while (report.generated < count) {
      const lines: { line: string; commands: readonly SimpleCommand[] }[] = []
      for (let index = 0; index < batchSize && report.generated < count; index += 1) {
        report.generated += 1
        const line = next()
        const commands = read(line)
        if (commands !== undefined && line.includes('\0')) report.mismatches.push({ shell: 'any', line, predicted: [], started: ['no shell can be given this line'] })
        else if (commands !== undefined) lines.push({ line, commands })
      }
      report.read += lines.length
      writeFileSync(batch, lines.map(({ line }) => `${line}\0`).join(''))
      const logs = await Promise.all(shells.map(async ({ name, words }) => {
        const log = join(place, `log-${name}`)
        writeFileSync(log, '')
        await runDriver(['/bin/bash', '--norc', '--noprofile', driver, log, ...words], folder, { PATH: bin, HOME: folder, LANG: 'C.UTF-8', TERM: 'dumb', RECORD: log, ...(name === 'bash' ? { BASH_ENV: quiet } : {}) })
        return readLog(readFileSync(log))
      }))
      for (const [at, { name, ownBuiltins }] of shells.entries()) {
        const ran = logs[at] ?? []
        lines.forEach(({ line, commands }, index) => {
          const expected = predicted(commands, bin, ownBuiltins).map((each) => JSON.stringify((JSON.parse(each) as string[]).map((text) => Buffer.from(text).toString('latin1'))))
          const started = ran[index] ?? ['the shell never came to it']
          report.started += started.length
          if (JSON.stringify(expected) !== JSON.stringify(started)) report.mismatches.push({ shell: name, line, predicted: expected, started })
        })
      }
      report.strays = readdirSync(folder).filter((name) => !lures.includes(name))
      progress?.(report)
    }
    return report
  } finally {
    rmSync(place, { recursive: true, force: true })
  }
}

function runDriver([program = '', ...rest]: readonly string[], cwd: string, env: Record<string, string>): Promise<void> {
  return new Promise((resolve, reject) => {
    // A line that was misread may wait for ever; what it has not started by then is a mismatch.
    const child = spawn(program, rest, { cwd, env, stdio: 'ignore', timeout: 600_000, killSignal: 'SIGKILL' })
    child.once('error', reject)
    child.once('close', () => resolve())
  })
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const option = (name: string, otherwise: number): number => {
    const at = process.argv.indexOf(`--${name}`)
    return at === -1 ? otherwise : Number(process.argv[at + 1])
  }
  const [count, seed] = [option('count', 100_000), option('seed', 1)]
  const said = (report: FuzzReport): string => `${report.generated} lines, ${report.read} read, ${report.started} programs started by ${report.shells.join(' and ')}, ${report.mismatches.length} mismatches, ${report.strays.length} stray files`
  const report = await fuzzShell({ count, seed, progress: (now) => { if (now.generated % 10_000 === 0) process.stderr.write(`${said(now)}\n`) } })
  for (const mismatch of report.mismatches.slice(0, 20)) process.stdout.write(`${JSON.stringify(mismatch)}\n`)
  process.stdout.write(`${said(report)}\n`)
  process.exitCode = report.mismatches.length + report.strays.length === 0 ? 0 : 1
}
