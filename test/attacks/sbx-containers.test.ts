import { execFileSync, spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { realClock } from '@moltbot/contract/testing'
import { containerIsolation, containerWords } from '../../gateway/src/journey/sandbox/container.ts'
import type { IsolatedProgram } from '../../gateway/src/journey/sandbox/isolation.ts'
import type { CommandRoom } from '../../gateway/src/journey/sandbox/index.ts'
import { roomAt, subject, untilItEnded } from './sandbox-runner.ts'

const place = mkdtempSync(join(tmpdir(), 'moltbot-engine-'))
const before = { ...process.env }
const engines = ['podman', 'docker'] as const
type Engine = (typeof engines)[number]
const images: Readonly<Record<Engine, { image: string; empty: string }>> = {
  podman: { image: 'localhost/moltbot-attacks:1', empty: 'localhost/moltbot-empty:1' }, docker: { image: 'moltbot-attacks:1', empty: 'moltbot-empty:1' },
}

/** A small image made of this machine's busybox, as an archive; undefined: there is none. */
const archive = ((): string | undefined => {
  if (process.platform !== 'linux' || process.getuid?.() !== 0 || !existsSync('/bin/busybox')) return undefined
  const root = join(place, 'root')
  for (const folder of ['bin', 'etc', 'tmp', 'proc', 'dev', 'sys', 'home/agent', 'workspace']) mkdirSync(join(root, folder), { recursive: true })
  copyFileSync('/bin/busybox', join(root, 'bin', 'busybox'))
  for (const name of ['sh', 'env', 'ls', 'cat', 'echo', 'grep', 'sed', 'sleep', 'mount', 'id', 'rm', 'touch', 'head', 'tail', 'dd', 'chmod', 'kill', 'wc', 'true']) symlinkSync('busybox', join(root, 'bin', name))
  execFileSync('tar', ['-C', root, '-cf', join(place, 'root.tar'), '.'])
  return join(place, 'root.tar')
})()

/** Podman gets a store of its own, as far as a machine inside another one allows; Docker is the one that answers. Both are set to hand on a proxy with a password. */
function prepare(engine: Engine): boolean {
  if (archive === undefined || spawnSync(engine, ['version'], { stdio: 'ignore' }).status !== 0) return false
  if (engine === 'podman') {
    writeFileSync(join(place, 'containers.conf'), `[engine]\n${spawnSync('runc', ['--version']).status === 0 ? 'runtime = "runc"\n' : ''}cgroup_manager = "cgroupfs"\nevents_logger = "file"\n`)
    writeFileSync(join(place, 'storage.conf'), `[storage]\ndriver = "vfs"\nrunroot = "${join(place, 'run')}"\ngraphroot = "${join(place, 'graph')}"\n`)
    Object.assign(process.env, { CONTAINERS_CONF: join(place, 'containers.conf'), CONTAINERS_STORAGE_CONF: join(place, 'storage.conf'), http_proxy: 'http://user:CANARY-PROXY@proxy.example' })
  } else {
    mkdirSync(join(place, 'docker'))
    writeFileSync(join(place, 'docker', 'config.json'), JSON.stringify({ proxies: { default: { httpProxy: 'http://user:CANARY-PROXY@proxy.example', httpsProxy: 'http://user:CANARY-PROXY@proxy.example' } } }))
    process.env['DOCKER_CONFIG'] = join(place, 'docker')
  }
  const { image } = images[engine]
  try {
    execFileSync(engine, ['import', '--change', 'ENV IMAGE_CANARY=1', '--change', 'ENTRYPOINT ["/bin/false"]', archive, image], { stdio: 'ignore' })
    return execFileSync(engine, ['run', '--rm', '--network', 'none', '--ulimit', 'nproc=4096:4096', '--ulimit', 'nofile=64:64', '--entrypoint', 'echo', image, 'works'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).includes('works')
  } catch {
    // Busybox is not static, or this machine lets nobody make containers.
    return false
  }
}
const works: Readonly<Record<Engine, boolean>> = { podman: prepare('podman'), docker: prepare('docker') }
for (const engine of engines) if (!works[engine]) console.warn(`Attacks on containers of ${engine} are not tried: it does not work here (apt-get install podman runc docker.io busybox-static).`)
afterAll(() => {
  // Podman's store goes with its folder.
  if (works.docker) spawnSync('docker', ['image', 'rm', '--force', ...Object.values(images.docker)], { stdio: 'ignore' })
  for (const name of ['CONTAINERS_CONF', 'CONTAINERS_STORAGE_CONF', 'DOCKER_CONFIG', 'http_proxy']) {
    if (before[name] === undefined) delete process.env[name]
    else process.env[name] = before[name]
  }
  rmSync(place, { recursive: true, force: true })
})

const limits = { memoryMb: 128, processes: 32, fileMb: 4, openFiles: 64, tmpMb: 8 }
const program = (script: string, more: Partial<IsolatedProgram> = {}): IsolatedProgram => ({
  words: ['/bin/sh', '-c', script], folder: [], env: {}, workspace: join(place, 'workspace'), access: 'rw', hidden: [], pty: false, input: false, readOnly: [], limits, ...more,
})
/** Whether some process of this machine has this word among its arguments. */
function survivors(word: string): string[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(word)
    } catch {
      // It ended while we looked.
      return false
    }
  })
}
const names = (engine: Engine): string[] => execFileSync(engine, ['ps', '--all', '--format', '{{.Names}}'], { encoding: 'utf8' }).split('\n').filter((name) => name.startsWith('moltbot-sbx-'))

const tried = engines.filter((engine) => works[engine])
// Said above why an engine is left out. Where none works the attacks are named as not tried.
describe.skipIf(tried.length === 0).each(tried.length === 0 ? engines.slice(0, 1) : tried)('in a container of %s', (engine) => {
  const { image, empty } = images[engine]
  const workspace = join(place, 'workspace')
  let room: CommandRoom
  const run = (command: string, more = {}) => room.grant(subject).run({ command, yieldMs: untilItEnded, ...more }, new AbortController().signal)
  const said = async (command: string): Promise<string> => (await run(command)).output.trim()
  beforeAll(() => {
    mkdirSync(workspace, { recursive: true })
    room = roomAt(workspace, { sandbox: { backend: engine, docker: { image }, ...limits }, own: [join(place, 'state')] })
  })
  afterAll(() => room.close())

  it('SBX-18: every attempt of `moltbot sandbox test` fails', async () => {
    const probes = await room.probe()
    expect(probes.filter(({ held }) => held === false)).toEqual([])
    expect(probes.filter(({ held }) => held === true).length).toBeGreaterThan(8)
  })

  it('SBX-18: the environment is ours alone: nothing of the gateway, the engine or the image, no address of a proxy', async () => {
    const { output } = await run('env', { env: { GREETING: 'hi' } })
    expect(output.split('\n').map((line) => line.split('=')[0]).filter((name) => name !== '' && !['PWD', 'SHLVL', 'OLDPWD', '_'].includes(name ?? '')).sort()).toEqual(['GREETING', 'HOME', 'LANG', 'LOGNAME', 'MOLTBOT_SANDBOX', 'PATH', 'SHELL', 'TERM', 'TMPDIR', 'USER'])
    expect(output).not.toMatch(/CANARY/)
  })

  it('SBX-18: it works in the workspace, and in nothing else; files with keys look empty', async () => {
    writeFileSync(join(workspace, 'in.txt'), 'from outside')
    writeFileSync(join(workspace, '.env'), 'CANARY-KEY=1')
    expect(await said('cat in.txt; echo from inside >out.txt; (echo x >/root.txt) 2>/dev/null || echo the rest is read-only; cat .env | wc -c; exit 3')).toBe('from outsidethe rest is read-only\n0')
    expect((await run('exit 3')).state).toEqual({ kind: 'exited', code: 3 })
    expect(readFileSync(join(workspace, 'out.txt'), 'utf8')).toBe('from inside\n')
    rmSync(join(workspace, '.env'))
    const readOnly = roomAt(workspace, { sandbox: { backend: engine, docker: { image }, workspaceAccess: 'ro', ...limits } })
    expect((await readOnly.grant(subject).run({ command: 'cat in.txt; echo x >in.txt || echo kept', yieldMs: untilItEnded }, new AbortController().signal)).output).toMatch(/from outside[^]*kept/)
    await readOnly.close()
  })

  it('SBX-10: it takes no more memory, processes or room than it may', async () => {
    expect(await said('dd if=/dev/zero of=big bs=1M count=8 2>/dev/null; [ "$(wc -c <big)" -le 4194304 ] && echo small; rm -f big')).toContain('small')
    expect((await said('for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36 37 38 39 40; do sleep 3 & done 2>&1; echo started')).toLowerCase()).toMatch(/can't fork|resource/)
    rmSync('oom', { force: true })
    expect((await run('head -c 400000000 /dev/zero | tail | wc -c')).output.trim()).not.toBe('400000000')
    // Podman's own note of it is not left where the gateway was started.
    expect(existsSync('oom')).toBe(false)
  })

  it('stop ends the whole tree, also one that will not hear of it, and leaves no container', async () => {
    const begun = room.grant(subject).run({ command: 'trap "" TERM; sleep 4711.5 & sleep 4711.5 & wait', yieldMs: untilItEnded }, new AbortController().signal)
    await vi.waitFor(() => expect(survivors('4711.5').length).toBeGreaterThan(1), { timeout: 60_000, interval: 50 })
    expect(await room.stop(subject.session)).toBe(1)
    expect((await begun).state).toMatchObject({ kind: 'ended', by: 'stop' })
    expect([survivors('4711.5'), names(engine)]).toEqual([[], []])
  })

  it('what a gateway that was killed left behind is gone once the next one looks; somebody else\'s is not touched', async () => {
    const isolation = (name: string, inRun: string) => containerIsolation({ engine, image, clock: realClock, owner: { name: join(place, name), run: inRun } })
    const began = async (name: string, script: string) => {
      const made = isolation(name, 'before')
      await made.check()
      return made.start(program(script))
    }
    const [lost, others] = [await began('ours', 'sleep 4712.5'), await began('others', 'sleep 4713.5')]
    await vi.waitFor(() => expect([survivors('4712.5').length > 0, survivors('4713.5').length > 0]).toEqual([true, true]), { timeout: 60_000, interval: 50 })
    expect(await isolation('ours', 'after').check()).toMatchObject({ available: true })
    await lost.ended
    expect([survivors('4712.5').length, survivors('4713.5').length > 0]).toEqual([0, true])
    others.kill()
    await others.ended
  })

  it('an image that is not there, and one in which nothing runs, say what would help', async () => {
    const check = (given: string) => containerIsolation({ engine, image: given, clock: realClock }).check()
    expect(await check('localhost/nowhere:1')).toMatchObject({ available: false, remedy: `${engine} pull localhost/nowhere:1` })
    const folder = join(place, `empty-${engine}`)
    mkdirSync(folder)
    writeFileSync(join(folder, 'file'), '')
    execFileSync('tar', ['-C', folder, '-cf', join(place, 'empty.tar'), '.'])
    execFileSync(engine, ['import', join(place, 'empty.tar'), empty], { stdio: 'ignore' })
    expect(await check(empty)).toMatchObject({ available: false, reason: expect.stringContaining('starts no container') })
  })

  it('there is no terminal in it, and that is said', async () => {
    await expect(run('ls', { pty: true })).rejects.toMatchObject({ code: 'sandbox-no-terminal' })
  })

  it('would be seen: without the words that keep it in, the same attempts get out', () => {
    const words = containerWords(program('echo x 2>/dev/null >/etc/out && echo wrote; grep -q "^CapEff:[[:space:]]*0*$" /proc/self/status || echo capabilities'), { engine, image, name: 'moltbot-twin', uid: 0, gid: 0 })
    const open = words.filter((word, at) => !['--read-only', '--cap-drop'].includes(word) && words[at - 1] !== '--cap-drop')
    expect(execFileSync(engine, words, { encoding: 'utf8' })).toBe('')
    expect(execFileSync(engine, open, { encoding: 'utf8' })).toBe('wrote\ncapabilities\n')
  })
})
