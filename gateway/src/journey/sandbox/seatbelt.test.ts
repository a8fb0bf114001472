import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { realClock } from '@moltbot/contract/testing'
import { bundleProgram } from '../../../../test/support/bundle-program.ts'
import type { IsolatedProgram } from './isolation.ts'
import { seatbeltIsolation } from './seatbelt.ts'
import { seatbeltProfile, type SeatbeltPlaces } from './seatbelt-profile.ts'

const limits = { memoryMb: 256, processes: 4_096, fileMb: 8, openFiles: 128, tmpMb: 16 }
const program: IsolatedProgram = { words: ['/bin/sh', '-c', 'true'], folder: [], env: {}, workspace: '/Users/a/project', access: 'rw', hidden: [], pty: false, input: false, limits, readOnly: [] }
const places: SeatbeltPlaces = { scratch: '/private/tmp/moltbot-sbx-1', own: ['/Users/a/.moltbot', '/Users/a'] }

type Expression = string | { text: string } | Expression[]
/** A profile as the lists it consists of: words, texts in quotes, lists. Throws where it is none. */
function parsed(profile: string): Expression[] {
  let at = 0
  const list = (end: boolean): Expression[] => {
    const found: Expression[] = []
    for (;;) {
      while (/\s/.test(profile[at] ?? '')) at += 1
      const sign = profile[at]
      if (sign === undefined) {
        if (end) throw new Error('a list has no end')
        return found
      }
      at += 1
      if (sign === ')') {
        if (!end) throw new Error('a list ends that did not begin')
        return found
      }
      if (sign === '(') found.push(list(true))
      else if (sign === '"') {
        let text = ''
        while (profile[at] !== '"') {
          if (profile[at] === '\\') at += 1
          if (profile[at] === undefined) throw new Error('a text has no end')
          text += profile[at]
          at += 1
        }
        at += 1
        found.push({ text })
      } else {
        let word = sign
        while (/[^\s()"]/.test(profile[at] ?? ')')) {
          word += profile[at]
          at += 1
        }
        found.push(word)
      }
    }
  }
  return list(false)
}
const textsIn = (expression: Expression): string[] => (typeof expression === 'string' ? [] : Array.isArray(expression) ? expression.flatMap(textsIn) : [expression.text])
const isRule = (rule: Expression, verdict: string, operation: string): rule is Expression[] => Array.isArray(rule) && rule[0] === verdict && rule.includes(operation)

describe('the profile for macOS', () => {
  it('is this, word for word', () => {
    const profile = seatbeltProfile({ ...program, access: 'ro', hidden: [{ steps: ['.env'], kind: 'file' }, { steps: ['app', '.ssh'], kind: 'folder' }], readOnly: ['/opt/go'] }, { ...places, out: { socket: '/Users/a/.moltbot/egress.sock', port: 50_000 } })
    expect(profile.split('\n')).toEqual([
      '(version 1)', '(deny default)', '(import "system.sb")',
      '(allow process-fork)', '(allow process-exec)', '(allow signal (target same-sandbox))', '(allow process-info* (target same-sandbox))', '(allow sysctl-read)',
      '(allow file-read-metadata (literal "/") (literal "/private") (literal "/var") (literal "/tmp") (literal "/etc") (literal "/Users") (literal "/Users/a") (literal "/private/tmp") (literal "/opt"))',
      '(allow file-read* (subpath "/usr/lib") (subpath "/usr/bin") (subpath "/bin") (subpath "/usr/sbin") (subpath "/sbin") (subpath "/usr/libexec") (subpath "/usr/share") (subpath "/System") (subpath "/Library/Apple") (subpath "/Library/Developer/CommandLineTools") (subpath "/opt/homebrew") (subpath "/usr/local") (subpath "/private/etc/ssl") (subpath "/private/var/db/timezone") (subpath "/private/var/db/dyld") (subpath "/private/var/select") (subpath "/opt/go"))',
      '(allow file-read* file-write-data (literal "/dev/null") (literal "/dev/zero") (literal "/dev/random") (literal "/dev/urandom") (literal "/dev/dtracehelper"))',
      '(deny file-read* file-write* (require-all (subpath "/Users/a/.moltbot") (require-not (subpath "/Users/a/project")) (require-not (subpath "/private/tmp/moltbot-sbx-1"))))',
      '(deny file-read* file-write* (require-all (subpath "/Users/a") (require-not (subpath "/Users/a/project")) (require-not (subpath "/private/tmp/moltbot-sbx-1"))))',
      '(allow file-read* file-write* (subpath "/private/tmp/moltbot-sbx-1"))',
      '(allow file-read* (subpath "/Users/a/project"))',
      '(deny file-read* file-write* (literal "/Users/a/project/.env"))', '(deny file-read* file-write* (subpath "/Users/a/project/app/.ssh"))',
      '(deny file-write-unlink (literal "/Users/a/project") (literal "/Users/a/project/app"))',
      '(deny network*)', '(deny mach-lookup (global-name "com.apple.SecurityServer") (global-name "com.apple.securityd.xpc") (global-name "com.apple.pasteboard.1"))', '(deny file-write-setugid)',
      '(allow network-outbound (literal "/Users/a/.moltbot/egress.sock"))',
      '(allow network-bind (local ip "localhost:50000"))', '(allow network-inbound (local ip "localhost:50000"))', '(allow network-outbound (remote ip "localhost:50000"))',
    ])
  })

  const step = fc.string({ unit: fc.constantFrom('a', 'Z', ' ', '"', '\\', '(', ')', ';', '#', '\n', '\'', '.', 'ü', '|'), minLength: 1, maxLength: 12 }).filter((text) => text !== '.' && text !== '..')
  const path = fc.array(step, { minLength: 1, maxLength: 4 }).map((steps) => `/${steps.join('/')}`)
  const facts = fc.record({
    workspace: path, access: fc.constantFrom('ro' as const, 'rw' as const), pty: fc.boolean(), readOnly: fc.array(path, { maxLength: 3 }),
    hidden: fc.array(fc.record({ steps: fc.array(step, { minLength: 1, maxLength: 3 }), kind: fc.constantFrom('file' as const, 'folder' as const) }), { maxLength: 4 }),
    scratch: path, own: fc.array(path, { maxLength: 3 }), out: fc.option(fc.record({ socket: path, port: fc.integer({ min: 49_152, max: 65_535 }) }), { nil: undefined }),
  })

  it('is well-formed whatever paths are called, denies first, and names nothing that was not given', () => {
    fc.assert(fc.property(facts, ({ out, scratch, own, ...it }) => {
      const profile = seatbeltProfile(it, { scratch, own, ...(out === undefined ? {} : { out }) })
      const rules = parsed(profile)
      expect(rules.slice(0, 2)).toEqual([['version', '1'], ['deny', 'default']])
      // No text ends early and becomes a rule: every rule is one of ours.
      expect(rules.every((rule) => Array.isArray(rule) && ['version', 'deny', 'allow', 'import'].includes(String(rule[0])))).toBe(true)
      expect(rules.some((rule) => Array.isArray(rule) && rule[0] === 'allow' && rule[1] === 'default')).toBe(false)
      const written = rules.filter((rule) => isRule(rule, 'allow', 'file-write*')).flatMap(textsIn).filter((text) => text !== '/dev/ptmx' && !text.startsWith('^/dev/'))
      expect(new Set(written)).toEqual(new Set([scratch, ...(it.access === 'rw' ? [it.workspace] : [])]))
      const sent = rules.filter((rule): rule is Expression[] => Array.isArray(rule) && rule[0] === 'allow' && rule.some((each) => typeof each === 'string' && each.startsWith('network')))
      expect(new Set(sent.flatMap(textsIn))).toEqual(new Set(out === undefined ? [] : [out.socket, `localhost:${out.port}`]))
      // What is hidden is denied after the workspace was allowed.
      const at = (found: (rule: Expression) => boolean): number => rules.findLastIndex(found)
      const isWorkspace = (rule: Expression): boolean => isRule(rule, 'allow', 'file-read*') && textsIn(rule).length === 1 && textsIn(rule)[0] === it.workspace
      for (const { steps } of it.hidden) expect(at((rule) => isRule(rule, 'deny', 'file-write*') && textsIn(rule).includes([it.workspace, ...steps].join('/')))).toBeGreaterThan(rules.findIndex(isWorkspace))
      for (const each of own) expect(rules.some((rule) => Array.isArray(rule) && rule[0] === 'deny' && textsIn(rule)[0] === each)).toBe(true)
    }), { numRuns: 200 })
  })

  it('keeps the gateway\'s own folders closed in a workspace that holds them', () => {
    const rules = parsed(seatbeltProfile({ ...program, workspace: '/Users/a' }, places))
    expect(rules.findIndex((rule) => isRule(rule, 'deny', 'file-read*') && rule.length === 4 && JSON.stringify(rule[3]) === '["subpath",{"text":"/Users/a/.moltbot"}]')).toBeGreaterThan(rules.findIndex((rule) => isRule(rule, 'allow', 'file-write*') && textsIn(rule)[0] === '/Users/a'))
  })

  it('twin: a profile that writes paths as they are is caught', () => {
    const careless = seatbeltProfile({ ...program, workspace: '/Users/a/w' }, places).replace('"/Users/a/w"', '"/Users/a/w") (subpath "/")')
    expect(() => parsed(careless)).toThrow('a list ends that did not begin')
  })
})

describe('the driver for macOS, with a sandbox-exec that keeps what it was told', () => {
  const place = realpathSync(mkdtempSync(join(tmpdir(), 'moltbot-seatbelt-')))
  const told = join(place, 'told')
  const fake = (name: string, rest: string): string => {
    const file = join(place, name)
    writeFileSync(file, `#!/bin/sh\nprintf '%s\\0' "$@" >'${told}'\nenv >'${told}-env'\n${rest}\n`, { mode: 0o755 })
    return file
  }
  const passing = fake('sandbox-exec', 'shift 2; exec "$@"')
  const workspace = join(place, 'work')
  mkdirSync(join(workspace, 'src'), { recursive: true })
  afterAll(() => rmSync(place, { recursive: true, force: true }))
  const isolation = seatbeltIsolation({ clock: realClock, own: [join(place, 'state')], program: passing })
  const argv = (): string[] => readFileSync(told, 'utf8').split('\0').slice(0, -1)
  async function run(script: string, more: Partial<IsolatedProgram> = {}): Promise<{ code: number; said: string }> {
    const started = isolation.start({ ...program, words: ['/bin/sh', '-c', script], workspace, ...more })
    let said = ''
    started.output.on('data', (data: Buffer) => { said += data.toString('utf8') })
    return { ...(await started.ended), said }
  }

  it('is told the profile, and then the words and nothing else', async () => {
    const { code, said } = await run('pwd; echo wrong >&2; exit 3', { folder: ['src'], env: { GREETING: '(allow default)' } })
    expect({ code, said }).toEqual({ code: 3, said: `${join(workspace, 'src')}\nwrong\n` })
    const [option, profile = '', ...rest] = argv()
    expect(option).toBe('-p')
    expect(profile).toContain(`(allow file-read* file-write* (subpath "${workspace}"))`)
    expect(profile).not.toContain('network-outbound')
    expect(rest.slice(0, 2)).toEqual(['/bin/sh', '-c'])
    expect(rest.slice(3)).toEqual(['limits', '/bin/sh', '-c', 'pwd; echo wrong >&2; exit 3'])
    expect(readFileSync(`${told}-env`, 'utf8').split('\n').map((line) => line.split('=')[0]).filter((name) => name !== '' && !['PWD', '_', 'SHLVL', 'OLDPWD'].includes(name ?? '')).sort()).toEqual(['GREETING', 'HOME', 'LANG', 'LOGNAME', 'MOLTBOT_SANDBOX', 'PATH', 'SHELL', 'TERM', 'TMPDIR', 'USER'])
  })

  it('gives each command a temporary folder of its own, which goes with it', async () => {
    const { said } = await run('echo "$TMPDIR"; [ "$HOME" = "$TMPDIR" ] && echo x >"$TMPDIR/x" && ls "$TMPDIR"')
    const [folder = '', listed] = said.split('\n')
    expect(listed).toBe('x')
    expect(argv()[1]).toContain(`(allow file-read* file-write* (subpath "${folder}"))`)
    expect(existsSync(folder)).toBe(false)
  })

  it('opens one way out, the proxy\'s socket, by a port of this command', async () => {
    const socket = join(place, 'egress.sock')
    const proxy = createServer((inner) => inner.once('data', (data) => inner.end(`HTTP/1.1 200 OK\r\ncontent-length: 6\r\nconnection: close\r\n\r\n${/proxy-authorization: basic \S+/i.test(data.toString()) ? 'known!' : 'nobody'}`)))
    await new Promise<void>((resolve) => proxy.listen(socket, resolve))
    try {
      const { said } = await run('curl -sS http://site.example/ 2>&1', { egress: { socket, user: 'sandbox', password: 'pass' } })
      expect(said).toBe('known!')
      const port = /"localhost:(\d+)"/.exec(argv()[1] ?? '')?.[1]
      expect(argv()[1]).toContain(`(allow network-outbound (literal "${socket}"))`)
      expect(readFileSync(`${told}-env`, 'utf8')).toContain(`https_proxy=http://sandbox:pass@127.0.0.1:${port}\n`)
    } finally {
      proxy.close()
    }
  })

  it('ends the whole group, with what it left in the background', async () => {
    const started = isolation.start({ ...program, words: ['/bin/sh', '-c', 'trap "" TERM; sleep 4714.5 & echo $!; wait'], workspace })
    const child = await new Promise<number>((resolve) => { started.output.once('data', (data: Buffer) => resolve(Number(data.toString()))) })
    started.kill()
    await started.ended
    await vi.waitFor(() => expect(() => process.kill(child, 0)).toThrow(), { timeout: 60_000 })
  })

  it('ends with a gateway that is killed', async () => {
    const gateway = spawn(process.execPath, [await bundleProgram({ text: `
      import { seatbeltIsolation } from './gateway/src/journey/sandbox/seatbelt.ts'
      const isolation = seatbeltIsolation({ clock: { now: () => 0, after: () => () => {} }, own: [], program: ${JSON.stringify(passing)} })
      const started = isolation.start(${JSON.stringify({ ...program, words: ['/bin/sh', '-c', 'sleep 600 & echo $!; wait'], workspace })})
      started.output.pipe(process.stdout)
    ` })], { stdio: ['ignore', 'pipe', 'inherit'] })
    const child = await new Promise<number>((resolve) => { gateway.stdout.once('data', (data: Buffer) => resolve(Number(data.toString()))) })
    expect(() => process.kill(child, 0)).not.toThrow()
    gateway.kill('SIGKILL')
    await vi.waitFor(() => expect(() => process.kill(child, 0)).toThrow(), { timeout: 60_000 })
  })

  it('is only believed after it really started a program and kept the gateway\'s own folders from it', async () => {
    const own = join(place, 'open')
    mkdirSync(own)
    expect(await isolation.check()).toMatchObject({ available: true, weaker: expect.arrayContaining([expect.stringContaining('never run on a Mac')]) })
    expect(await seatbeltIsolation({ clock: realClock, own: [own], program: passing }).check()).toMatchObject({ available: false, reason: expect.stringContaining(`open ${own}`) })
    expect(await seatbeltIsolation({ clock: realClock, own: [], program: fake('broken', 'echo "sandbox_apply: Operation not permitted" >&2; exit 71') }).check()).toMatchObject({ available: false, reason: expect.stringContaining('Operation not permitted') })
    expect(await seatbeltIsolation({ clock: realClock, own: [], program: join(place, 'nowhere') }).check()).toMatchObject({ available: false, reason: 'There is no sandbox-exec on this system.' })
  })
})
