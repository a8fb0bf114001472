import { execFileSync, spawnSync } from 'node:child_process'
import { appendFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { projectRoot } from './source-tree.ts'

const folder = mkdtempSync(join(tmpdir(), 'moltbot-release-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const at = (...names: string[]): string => join(folder, ...names)
const { PATH = '' } = process.env
const run = (args: readonly string[], input = ''): { code: number | null; out: string } => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(projectRoot, 'scripts', 'release.mjs'), ...args], { encoding: 'utf8', cwd: folder, input, env: { PATH, HOME: folder } })
  return { code: status, out: stdout + stderr }
}
const git = (...words: string[]): string => execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@example.org', ...words], { cwd: at('clone'), encoding: 'utf8' }).trim()

let commit: string
beforeAll(() => {
  mkdirSync(at('clone', 'dist'), { recursive: true })
  mkdirSync(at('clone', 'secret'))
  writeFileSync(at('clone', 'package.json'), JSON.stringify({ name: 'moltbot', version: '1.2.3', private: true, files: ['dist'], scripts: { prepack: 'touch ran' } }))
  writeFileSync(at('clone', 'package-lock.json'), '{}')
  writeFileSync(at('clone', 'dist', 'gateway.mjs'), 'export {}\n')
  writeFileSync(at('clone', 'secret', 'key.pem'), 'not for others')
  git('init', '-q')
  git('add', '.')
  git('commit', '-q', '-m', 'all')
  commit = git('rev-parse', 'HEAD')
  expect(run(['key', at('release-key')])).toMatchObject({ code: 0 })
  expect(run(['make', '--key', at('release-key'), '--from', at('clone'), '--out', at('made')])).toMatchObject({ code: 0 })
})

describe('a release', () => {
  it('holds what is to be shipped and no more, and says what it was made of', () => {
    expect(execFileSync('tar', ['-tzf', at('made', 'moltbot-1.2.3.tgz')], { encoding: 'utf8' }).trim().split('\n').toSorted()).toEqual(['package/dist/gateway.mjs', 'package/package.json'])
    expect(JSON.parse(readFileSync(at('made', 'release.json'), 'utf8'))).toMatchObject({ version: '1.2.3', commit, lockfile: expect.stringMatching(/^[0-9a-f]{64}$/), files: 2 })
    expect([statSync(at('release-key')).mode & 0o777, git('status', '--porcelain')]).toEqual([0o600, ''])
    expect(run(['key', at('release-key')]).code).toBe(1)
  })

  it('is found genuine by our program and by those that everybody has', () => {
    expect(run(['verify', at('made'), '--key', at('release-key.pub')])).toMatchObject({ code: 0, out: expect.stringContaining(commit) })
    expect(execFileSync('openssl', ['pkeyutl', '-verify', '-pubin', '-inkey', at('release-key.pub'), '-rawin', '-in', at('made', 'SHA256SUMS'), '-sigfile', at('made', 'SHA256SUMS.sig')], { encoding: 'utf8' })).toContain('Verified Successfully')
    expect(execFileSync('sha256sum', ['-c', 'SHA256SUMS'], { cwd: at('made'), encoding: 'utf8' })).toContain('moltbot-1.2.3.tgz: OK')
  })

  it('is made with a sealed key, too, and not with a wrong passphrase', () => {
    execFileSync('openssl', ['genpkey', '-algorithm', 'ed25519', '-aes-256-cbc', '-pass', 'pass:a long one', '-out', at('sealed')])
    const make = (input: string, out: string): number | null => run(['make', '--key', at('sealed'), '--from', at('clone'), '--out', at(out)], input).code
    expect([make('a long one\n', 'by-sealed'), make('another\n', 'by-nobody')]).toEqual([0, 1])
  })
})

describe('what is refused', () => {
  const changed = (name: string, change: (place: string) => void): ReturnType<typeof run> => {
    cpSync(at('made'), at(name), { recursive: true })
    change(at(name))
    return run(['verify', at(name), '--key', at('release-key.pub')])
  }

  it.each<[string, (place: string) => void]>([
    ['a package with a byte more', (place) => appendFileSync(join(place, 'moltbot-1.2.3.tgz'), '\0')],
    ['another commit', (place) => writeFileSync(join(place, 'release.json'), readFileSync(join(place, 'release.json'), 'utf8').replace(commit, '0'.repeat(40)))],
    ['a listing that was changed', (place) => appendFileSync(join(place, 'SHA256SUMS'), `${'0'.repeat(64)}  more\n`)],
    ['a signature of nothing', (place) => writeFileSync(join(place, 'SHA256SUMS.sig'), Buffer.alloc(64))],
    ['no signature', (place) => rmSync(join(place, 'SHA256SUMS.sig'))],
    ['a package that is not there', (place) => rmSync(join(place, 'moltbot-1.2.3.tgz'))],
    ['a package that nobody signed beside it', (place) => writeFileSync(join(place, 'moltbot-9.9.9.tgz'), '')],
    ['a link in the place of the package', (place) => { cpSync(join(place, 'moltbot-1.2.3.tgz'), at('elsewhere')); rmSync(join(place, 'moltbot-1.2.3.tgz')); symlinkSync(at('elsewhere'), join(place, 'moltbot-1.2.3.tgz')) }],
  ])('%s', (name, change) => {
    expect(changed(name.replaceAll(' ', '-'), change)).toMatchObject({ code: 1, out: expect.stringContaining('✗') })
  })

  it('what another key signed, also when its public key lies beside it', () => {
    run(['key', at('other-key')])
    expect(run(['make', '--key', at('other-key'), '--from', at('clone'), '--out', at('forged')]).code).toBe(0)
    cpSync(at('other-key.pub'), at('forged', 'release-key.pub'))
    expect(run(['verify', at('forged'), '--key', at('release-key.pub')])).toMatchObject({ code: 1, out: expect.stringContaining('was not signed by') })
    expect(run(['verify', at('forged'), '--key', at('other-key.pub')]).code).toBe(0)
  })

  it('a clone with changes, one that is not built, a place that is not empty', () => {
    writeFileSync(at('clone', 'dist', 'more.mjs'), '')
    expect(run(['make', '--key', at('release-key'), '--from', at('clone'), '--out', at('dirty')])).toMatchObject({ code: 1, out: expect.stringContaining('no commit') })
    rmSync(at('clone', 'dist', 'more.mjs'))
    expect(run(['make', '--key', at('release-key'), '--from', at('clone'), '--out', at('made')]).out).toContain('not empty')
    mkdirSync(at('bare'))
    writeFileSync(at('bare', 'package.json'), '{"name":"moltbot","version":"1.0.0"}')
    expect(run(['make', '--key', at('release-key'), '--from', at('bare'), '--out', at('unbuilt')]).out).toContain('not built')
  })
})
