import { execFile } from 'node:child_process'
import { appendFileSync, chmodSync, chownSync, existsSync, linkSync, mkdirSync, readFileSync, readdirSync, realpathSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { linkForTail } from '../../gateway/src/foundation/log/link-for-tail.ts'
import { projectRoot } from '../../scripts/source-tree.ts'
import { asRoot, config, eachWithItsHome, folder, home, picture, put, run, state } from './ops-installation.ts'

eachWithItsHome()

describe('OPS-04: modes are set and links not followed', () => {
  const outside = (): string => {
    const path = join(home, 'outside')
    mkdirSync(path, { recursive: true })
    writeFileSync(join(path, 'file'), 'x', { mode: 0o644 })
    chmodSync(join(path, 'file'), 0o644)
    return path
  }
  const modeOf = (path: string): number => statSync(path).mode & 0o777

  it('links to files and folders, and second names, stay as they are and are told', async () => {
    const other = outside()
    config({}, 0o644)
    symlinkSync(join(other, 'file'), join(state, 'link'))
    symlinkSync(other, join(state, 'linked'))
    symlinkSync('/etc', join(state, 'etc'))
    linkSync(join(other, 'file'), join(state, 'second'))
    const ran = await run('secure-permissions.sh')
    expect(modeOf(join(other, 'file'))).toBe(0o644)
    expect(modeOf('/etc')).toBe(0o755)
    expect(modeOf(join(state, 'moltbot.json'))).toBe(0o600)
    expect(ran.out).toContain('has a second name elsewhere and was left as it is')
    expect(ran.code).toBe(1)
  })

  it('odd names are handled, a second run changes nothing, a state directory that is a link is refused', async () => {
    const names = ['a\nb', '$(touch pwned)', '-rf', ' ', '\u202eb']
    for (const name of names) put(name, 'x', 0o666)
    folder('deep/er', 0o777)
    const first = await run('secure-permissions.sh')
    expect(first.code).toBe(0)
    for (const name of names) expect(modeOf(join(state, name)), name).toBe(0o600)
    expect(modeOf(join(state, 'deep/er'))).toBe(0o700)
    // One change, one line, and the total: a name cannot forge another.
    expect(first.out.trim().split('\n').length).toBe(names.length + 3)
    expect((await run('secure-permissions.sh')).out.trim()).toBe('All permissions already secure')
    symlinkSync(state, join(home, 'link-to-state'))
    expect(await run('secure-permissions.sh', { environment: { MOLTBOT_STATE_DIR: join(home, 'link-to-state') } })).toMatchObject({ code: 1 })
  })

  it('files that come and go meanwhile are no obstacle, nor are thousands', async () => {
    folder('many')
    for (let index = 0; index < 1_500; index += 1) put(`many/${index}`, 'x', index % 3 === 0 ? 0o644 : 0o600)
    let going = true
    onTestFinished(() => { going = false })
    const coming = (async () => {
      for (let index = 0; going; index += 1) {
        const path = join(state, 'many', `temporary-${index}`)
        writeFileSync(path, 'x', { mode: 0o644 })
        await new Promise((resolve) => setImmediate(resolve))
        rmSync(path, { force: true })
      }
    })()
    const ran = await run('secure-permissions.sh')
    going = false
    await coming
    expect(ran.code, ran.out.slice(-500)).toBe(0)
    expect(readdirSync(join(state, 'many')).filter((name) => modeOf(join(state, 'many', name)) !== 0o600)).toEqual([])
  })

  // Giving a file to somebody else needs root.
  it.skipIf(!asRoot)('what belongs to somebody else is told', async () => {
    chmodSync(home, 0o755)
    chownSync(state, 65_534, 65_534)
    chownSync(put('theirs', 'x', 0o644), 54_321, 54_321)
    await run('secure-permissions.sh')
    chmodSync(put('theirs', 'x', 0o644), 0o644)
    const ran = await run('secure-permissions.sh', { as: 65_534 })
    expect(ran.out).toContain('belongs to somebody else')
    expect(ran.code).toBe(1)
  })
})

describe('OPS-10: backup and restore as documented', () => {
  it('what is packed comes back below HOME and nowhere else, with its modes, and the gateway\'s files are whole', async () => {
    const page = readFileSync(join(projectRoot, 'docs/operator-workflow.md'), 'utf8')
    const backup = /^(tar czf - .*)\| gpg/m.exec(page)?.[1] ?? ''
    const restore = /gpg .*-d .*\| (tar x.*)$/m.exec(page)?.[1] ?? ''
    expect(backup).toContain('-C ~ .moltbot')
    expect(restore).toContain('-C ~')
    expect(restore).not.toMatch(/-C \/(?:\s|$)/)
    config()
    put('secrets.env', 'A="1"\n')
    mkdirSync(join(home, '.config', 'moltbot'), { recursive: true, mode: 0o700 })
    writeFileSync(join(home, '.config', 'moltbot', 'vault.key'), 'k', { mode: 0o600 })
    const before = picture(state)
    const shell = (line: string): Promise<void> => new Promise((resolve, reject) => execFile('bash', ['-euo', 'pipefail', '-c', line], { cwd: home, env: { PATH: process.env['PATH'] ?? '', HOME: home } }, (error, _, stderr) => (error === null ? resolve() : reject(new Error(stderr)))))
    await shell(`${backup} > backup.tar.gz`)
    rmSync(state, { recursive: true })
    await shell(`${restore} < backup.tar.gz`)
    expect(picture(state).replaceAll(/ \d+(?:\.\d+)? (?=[0-9a-f]*$)/gm, ' ')).toBe(before.replaceAll(/ \d+(?:\.\d+)? (?=[0-9a-f]*$)/gm, ' '))
    expect(statSync(join(home, '.config', 'moltbot', 'vault.key')).mode & 0o777).toBe(0o600)
  })
})

it('OPS-12: a link, file or folder that waits at the log\'s well-known place is neither followed nor replaced', () => {
  const log = put('gateway.log', 'x')
  const places = ['link', 'file', 'folder', 'dangling', 'pipe'].map((kind) => join(home, `${kind}.log`)) as [string, string, string, string, string]
  const victim = join(home, 'victim')
  writeFileSync(victim, 'mine')
  symlinkSync(victim, places[0])
  writeFileSync(places[1], 'theirs')
  mkdirSync(places[2])
  symlinkSync(join(home, 'nowhere'), places[3])
  linkSync(victim, places[4])
  for (const place of places) expect(linkForTail(log, place), place).toBe('occupied')
  appendFileSync(log, 'a line\n')
  expect(readFileSync(victim, 'utf8')).toBe('mine')
  expect(readFileSync(places[1], 'utf8')).toBe('theirs')
  expect(existsSync(join(home, 'nowhere'))).toBe(false)
  expect(linkForTail(log, join(home, 'free.log'))).toBe('made')
  expect(realpathSync(join(home, 'free.log'))).toBe(realpathSync(log))
})
