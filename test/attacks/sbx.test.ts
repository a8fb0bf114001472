import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { getPriority, hostname, tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { countingIds, realClock } from '@moltbot/contract/testing'
import { bwrapIsolation, type BwrapOptions } from '../../gateway/src/journey/sandbox/bwrap.ts'
import { createGrants } from '../../gateway/src/journey/sandbox/index.ts'
import { probeIsolation } from '../../gateway/src/journey/sandbox/probe-isolation.ts'
import { refusedReadOnly } from '../../gateway/src/journey/sandbox/toolchain.ts'
import { bundleProgram } from '../support/bundle-program.ts'
import { roomAt, runnerAs, runnerHere, runnerOfOrdinaryUser, sandboxDefaults, subject, untilItEnded, type Runner } from './sandbox-runner.ts'

const available = (await bwrapIsolation({ clock: realClock }).check()).available
if (!available) console.warn('Sandbox attacks are not tried: bubblewrap does not work here (apt-get install bubblewrap).')
const small = { memoryMb: 256, processes: 64, fileMb: 8, diskMb: 64, tmpMb: 16, openFiles: 128 }

/** Whether some process of this machine has this word among its arguments. */
function survivors(word: string): string[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name) && name !== String(process.pid)).filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(word)
    } catch {
      // It ended while we looked.
      return false
    }
  })
}
async function nothingLeft(word: string): Promise<void> {
  await vi.waitFor(() => expect(survivors(word)).toEqual([]), { timeout: 60_000, interval: 20 })
}

// Said above why it is skipped where it is.
describe.skipIf(!available).each([
  ['as this user', () => runnerHere(small)],
  ['as an ordinary user', () => runnerOfOrdinaryUser(small)],
] as [string, () => Promise<Runner>][])('in the sandbox, %s', (_who, make) => {
  let at: Runner
  beforeAll(async () => { at = await make() })
  afterAll(() => at.close())
  const said = async (command: string, more = {}): Promise<string> => (await at.run(command, more)).output.trim()

  it('SBX-01 to SBX-14: every attempt of `moltbot sandbox test` fails', async () => {
    const probes = await at.probe()
    expect(probes.map(({ id, held, saw }) => ({ id, held, saw }))).toEqual(probes.map(({ id }) => ({ id, held: true, saw: 'refused' })))
    expect(probes.length).toBeGreaterThan(10)
  })

  it('SBX-01: nothing of this machine can be read: keys, homes, other processes, the kernel\'s own files', async () => {
    const secret = join(at.workspace, '..', 'secret.txt')
    writeFileSync(secret, 'CANARY-OUTSIDE')
    const places = [secret, '/etc/shadow', '/root/.bashrc', '/home', '/var/log', '/run/systemd', '/sys/kernel', '/proc/kcore', '/proc/kmsg', '/proc/sys/kernel/core_pattern', '/proc/keys', `/proc/${process.pid}/environ`, '/dev/vda', '/dev/mem', '/dev/kmsg']
    expect(await said(places.map((path) => `head -c 20 ${path} 2>/dev/null && echo "read ${path}"`).join('; ') + '; echo done')).toMatch(/^(?:read \/proc\/(?:kcore|kmsg|keys)\n?)*done$/)
    expect(await said(`cat ${secret} /proc/kcore /proc/kmsg /proc/keys 2>/dev/null | wc -c; grep -r CANARY-OUTSIDE / --include=secret.txt 2>/dev/null | wc -l`)).toBe('0\n0')
    expect(await said('cat /etc/passwd | cut -d: -f1; tr "\\0" "\\n" </proc/1/cmdline | grep -c "moltbot-[s]bx"')).toBe('root\nagent\nnobody\n0')
  })

  it('SBX-02: nothing but the workspace and the folders in memory can be written, and what the kernel is set to stays', async () => {
    expect(await said('for p in / /usr/bin /etc /opt /proc /proc/sys /dev /run /var /lib; do : 2>/dev/null >$p/moltbot-x && echo "wrote $p"; done; : 2>/dev/null >>/proc/sys/kernel/core_pattern && echo core_pattern; : 2>/dev/null >>/proc/sysrq-trigger && echo sysrq; mount --bind /tmp /usr 2>/dev/null && echo mounted; echo done')).toBe('done')
    expect(await said('echo a >a.txt && cat a.txt; echo b >/tmp/b && cat /tmp/b; echo c >~/c && cat ~/c; echo d >/dev/shm/d && cat /dev/shm/d')).toBe('a\nb\nc\nd')
    expect(existsSync(join(at.workspace, 'a.txt'))).toBe(true)
  })

  it('SBX-03: no network: not this machine, not the link, not a name, and no family but files and the own loopback', async () => {
    const listener = createServer((_request, response) => response.end('reached'))
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
    const { port } = listener.address() as { port: number }
    try {
      expect(await said([
        `timeout 3 bash -c "exec 3<>/dev/tcp/127.0.0.1/${port}" 2>/dev/null && echo loopback`, 'timeout 3 bash -c "exec 3<>/dev/tcp/169.254.169.254/80" 2>/dev/null && echo metadata', 'timeout 3 bash -c "exec 3<>/dev/udp/1.1.1.1/53; echo x >&3" 2>/dev/null && echo udp',
        'getent hosts example.com && echo dns', 'grep -c : /proc/net/dev', 'perl -e \'for ([16,3],[17,3],[40,1],[38,5],[2,3],[31,1]) { socket(my $s, $_->[0], $_->[1], 0) and print "family $_->[0]\\n" }\'', 'wc -l </proc/net/unix',
      ].join('; '))).toMatch(/^1\n1$/)
    } finally {
      listener.close()
    }
  })

  it('SBX-05: sees and ends only its own processes', async () => {
    expect(Number(await said('ls -d /proc/[0-9]* | wc -l'))).toBeLessThan(10)
    expect(await said(`kill -9 ${process.pid} 2>/dev/null && [ ${process.pid} -gt 50 ] && echo killed; perl -e 'print syscall(310, ${process.pid}, 0, 0, 0, 0, 0) == -1 ? "refused" : "read"'; (kill -9 -1) 2>/dev/null; echo`)).toContain('refused')
    expect(process.pid).toBeGreaterThan(0)
  })

  it('SBX-06: makes no namespace and enters none', async () => {
    expect(await said('for how in -U -Ur -m -n -p -u -i -C; do unshare $how true 2>/dev/null && echo "unshare $how"; done; nsenter -t 1 -m true 2>/dev/null && echo nsenter; chroot / true 2>/dev/null && echo chroot; perl -e \'for my $f (0x10000000, 0x20000, 0x40000000) { my $r = syscall(56, $f | 17, 0, 0, 0, 0); exit if $r == 0 && print "clone\\n" } print "clone3\\n" unless syscall(435, 0, 0) == -1\'; echo done')).toBe('done')
  })

  it('SBX-07: no privileges, and no program that gives any', async () => {
    expect(await said('grep -E "^(CapInh|CapPrm|CapEff|CapBnd|CapAmb|NoNewPrivs|Seccomp):" /proc/self/status | tr -d "\\t " | sed "s/:0*$/:0/"')).toBe('CapInh:0\nCapPrm:0\nCapEff:0\nCapBnd:0\nCapAmb:0\nNoNewPrivs:1\nSeccomp:2')
    expect(await said('cp /bin/true t; for m in 4755 2755 6777; do chmod $m t 2>/dev/null && echo "chmod $m"; done; install -m 4755 /bin/true u 2>/dev/null; mkdir -m 2775 d 2>/dev/null && echo mkdir; perl -e \'use Fcntl; sysopen(my $f, "s", O_CREAT|O_WRONLY, 04755) and print "open\\n"\'; find . -perm /6000; (su -c id; sudo id) 2>/dev/null | grep uid=0; echo done')).toBe('done')
  })

  it('SBX-08: dangerous system calls are refused one by one', async () => {
    const calls = { ptrace: 101, vm_read: 310, mount: 165, pivot: 155, bpf: 321, perf: 298, keyctl: 250, add_key: 248, userfaultfd: 323, io_uring: 425, kexec: 246, init_module: 175, finit_module: 313, handle: 304, fanotify: 300, open_tree: 428, fsopen: 430, mount_setattr: 442, setns: 308, memfd: 319, swapon: 167, reboot: 169, syslog: 103, quotactl: 179, pidfd_getfd: 438, settime: 164 }
    const script = `my %c = (${Object.entries(calls).map(([name, number]) => `${name} => ${number}`).join(', ')}); for (sort keys %c) { $! = 0; my $r = syscall($c{$_}, 0, 0, 0, 0, 0, 0); print "$_ $!\\n" unless $r == -1 && ($!{EPERM} || $!{ENOSYS}) } $! = 0; syscall(135, 0x0040000); print "personality\\n" unless $!{EPERM}; $! = 0; syscall(0x40000000 + 39); print "x32\\n" unless $!{ENOSYS}; print "done"`
    if (process.arch === 'x64') expect(await said(`perl -e '${script}'`)).toBe('done')
  })

  it('SBX-09: a fork bomb stays small and ends whole', async () => {
    const report = await at.run(': bomb-90125; f() { f | f & }; f 2>/dev/null; sleep 30', { timeoutMs: 3_000 })
    expect(report.state).toMatchObject({ kind: 'ended' })
    await nothingLeft('bomb-90125')
    expect((await at.run('echo still here')).output).toBe('still here\n')
  })

  it('SBX-10: memory, folders in memory and files in memory have an end', async () => {
    const report = await at.run('head -c 2G /dev/zero | tail -c 1G | wc -c; echo "pipe ${PIPESTATUS[*]}"', { timeoutMs: 60_000 })
    expect(report.output).not.toContain('1073741824')
    expect(await said('exec 2>/dev/null; for p in /tmp ~ /dev/shm; do head -c 100M /dev/zero >$p/full; s=$(stat -c %s $p/full); [ "$s" -gt 17000000 ] && echo "$p $s"; done; perl -e \'my $n = "x"; syscall(319, $n, 0) == -1 or print "memfd\\n"\'; echo done')).toBe('done')
  })

  it('SBX-11: one file, and all together, fill only so much of the disk', async () => {
    await at.run('head -c 50M /dev/zero >big')
    expect(readFileSync(join(at.workspace, 'big')).length).toBeLessThanOrEqual(small.fileMb * 1024 * 1024)
    const report = await at.run('for i in $(seq 1 400); do head -c 4M /dev/urandom >part-$i; sleep 0.05; done', { timeoutMs: 60_000 })
    await at.run('rm -f part-* big')
    expect(report.state).toMatchObject({ kind: 'ended', by: 'limit', why: expect.stringContaining('disk') })
  })

  it('SBX-12: what spins, in however many processes, ends with its time', async () => {
    const report = await at.run(': spin-90125; for i in 1 2 3 4; do (trap "" TERM; while :; do :; done) & done; wait', { timeoutMs: 800 })
    expect(report.state).toMatchObject({ kind: 'ended', by: 'timeout' })
    await nothingLeft('spin-90125')
  })

  it('gives way to everything else on the machine', async () => {
    const nice = Math.min(19, getPriority() + 10)
    expect(await said('nice; (nice) &  wait')).toBe(`${nice}\n${nice}`)
  })

  it('SBX-13: finds no descriptor but its own three, and cannot open without end', async () => {
    // The fourth is the folder that `ls` reads.
    expect(await said('exec ls /proc/self/fd')).toBe('0\n1\n2\n3')
    expect(await said('perl -e \'my @h; while (open(my $f, "<", "/dev/null")) { push @h, $f; last if @h > 5000 } print scalar(@h) < 200 ? "limited" : "unlimited"\'')).toBe('limited')
  })

  it('SBX-14: has no terminal of anybody and types into none', async () => {
    expect(await said('(: </dev/tty) 2>/dev/null && echo tty; perl -e \'my $c = "x"; ioctl(STDIN, 0x5412, $c) and print "typed\\n"; open(my $p, "+<", "/dev/ptmx"); ioctl($p, 0x5412, $c) and print "typed\\n"\'; ps -o tty= -p $$ 2>/dev/null | tr -d " ?\\n"; echo done')).toBe('done')
  })

  it('SBX-16: what programs obey by itself is put aside, and ordinary work is not', async () => {
    const report = await at.run('git init -q . 2>/dev/null; mkdir -p .git/hooks skills/evil .vscode; echo evil >.bashrc; echo evil >.envrc; echo evil >.git/hooks/pre-commit; printf "[core]\\n\\tfsmonitor = evil\\n" >.git/config; echo evil >skills/evil/SKILL.md; echo {} >.vscode/tasks.json; echo ok >plain.txt; echo ok >.gitignore')
    expect(report.putAside.map(({ from }) => from).sort()).toEqual(['.bashrc', '.envrc', '.git/config', '.git/hooks/pre-commit', '.vscode', 'skills'])
    for (const path of ['.bashrc', '.envrc', '.git/config', '.git/hooks/pre-commit', '.vscode', 'skills']) expect(existsSync(join(at.workspace, path))).toBe(false)
    expect(existsSync(join(at.workspace, 'plain.txt')) && existsSync(join(at.workspace, '.gitignore'))).toBe(true)
    await at.run('rm -rf .git from-command-* plain.txt .gitignore')
    const plain = await at.run('git init -q . && git -c user.name=a -c user.email=a@b commit -q --allow-empty -m x && git config user.name A && echo committed')
    expect([plain.output, plain.putAside]).toEqual(['committed\n', []])
    for (const setting of ['[core] fsmonitor = evil', '[alias] x = \\\\\\n !evil', '[pager]\\n log = evil', '[core]\\n gitproxy = evil', '[remote "o"] uploadpack = evil']) {
      const named = await at.run(`git init -q . 2>/dev/null; printf '${setting}\\n' >.git/config`)
      expect([setting, named.putAside.map(({ from }) => from)]).toEqual([setting, ['.git/config']])
      await at.run('rm -rf .git')
    }
    const large = await at.run('git init -q .; { head -c 1100000 /dev/zero | tr "\\0" "#"; printf "\\n[core]\\n\\tfsmonitor = evil\\n"; } >>.git/config')
    expect(large.putAside.map(({ from }) => from)).toEqual(['.git/config'])
    await at.run('rm -rf .git .git-*')
  })

  it('SBX-17: the names of this machine, its people and its folders stay outside', async () => {
    const output = await said('hostname; uname -n; id -un; id -u; whoami; pwd; echo ~; cat /etc/hostname 2>/dev/null; env; cat /proc/version_signature 2>/dev/null; cat /proc/cmdline')
    expect(output.split('\n').slice(0, 7)).toEqual(['sandbox', 'sandbox', 'agent', '1000', 'agent', '/workspace', '/home/agent'])
    for (const name of [hostname(), at.workspace, ...(userInfo().username === 'root' ? [] : [userInfo().username])]) if (name.length > 3) expect(output).not.toContain(name)
  })

  it('SBX-21: leaves nothing in memory for the next, and no core', async () => {
    await at.run('echo SECRET-1 >/dev/shm/s; echo SECRET-1 >/tmp/s; echo SECRET-1 >~/s; ulimit -c unlimited 2>/dev/null; bash -c "kill -SEGV \\$\\$"')
    expect(await said('cat /dev/shm/* /tmp/* ~/* 2>/dev/null; ls core* 2>/dev/null; ulimit -c')).toBe('0')
  })
})

// Said above why it is skipped where it is.
describe.skipIf(!available)('around the sandbox', () => {
  let workspace: string
  let place: string
  beforeEach(() => {
    place = mkdtempSync(join(tmpdir(), 'moltbot-sbx-'))
    workspace = join(place, 'workspace')
    mkdirSync(workspace)
  })
  afterEach(() => rmSync(place, { recursive: true, force: true }))
  const signal = new AbortController().signal

  it('SBX-04: the only way out is the proxy\'s socket, under the name of who asks; curl finds it by itself', async () => {
    const seen: { url: string; by: string }[] = []
    const proxy: Server = createServer((request, response) => {
      seen.push({ url: request.url ?? '', by: Buffer.from(String(request.headers['proxy-authorization'] ?? '').replace('Basic ', ''), 'base64').toString() })
      response.end('through the proxy')
    })
    const socket = join(place, 'egress.sock')
    await new Promise<void>((resolve) => proxy.listen(socket, resolve))
    const room = roomAt(workspace, { egress: () => ({ socket, user: 'sandbox', password: 'pass:word' }) })
    try {
      const report = await room.grant(subject).run({ command: 'curl -sS http://granted.example/page; echo; curl -sS --noproxy "*" --max-time 2 http://1.1.1.1/ 2>&1 | head -c 60; exit 7', yieldMs: untilItEnded }, signal)
      expect(report.output).toMatch(/^through the proxy\ncurl: \(7\)/)
      expect(report).toMatchObject({ network: true, state: { kind: 'exited', code: 7 } })
      expect(seen).toEqual([{ url: 'http://granted.example/page', by: 'sandbox:pass:word' }])
    } finally {
      await room.close()
      proxy.close()
    }
  })

  it('SBX-15: links that a command plants and swaps lead no file tool out', async () => {
    const room = roomAt(workspace)
    const files = createGrants({ workspaceOf: () => workspace, describeStatus: () => Promise.reject(new Error('not here')), clock: realClock, newId: countingIds() }).grants(['files.read', 'files.write'], subject)
    writeFileSync(join(place, 'secret.txt'), 'CANARY')
    const started = await room.grant(subject).run({ command: `ln -s ${place} out; ln -s ${place}/secret.txt leaf; mkdir real; echo fine >real/secret.txt; while :; do mv -T real swap 2>/dev/null; ln -sfn ${place} real; rm -f real; mv -T swap real 2>/dev/null; done`, yieldMs: 300, timeoutMs: 20_000 }, signal)
    expect(started.state).toEqual({ kind: 'running' })
    const got = new Set<string>()
    for (let turn = 0; turn < 120; turn += 1) {
      for (const path of ['out/secret.txt', 'leaf', 'real/secret.txt']) {
        await files['files.read'].read(path).then(({ text }) => got.add(text), () => undefined)
        await files['files.write'].write(path, 'overwritten').catch(() => undefined)
      }
    }
    expect([...got].filter((text) => text.includes('CANARY'))).toEqual([])
    expect(readFileSync(join(place, 'secret.txt'), 'utf8')).toBe('CANARY')
    await room.close()
  })

  it('SBX-15: a workspace with keys shows them empty, in folders too, and runs one command at a time', async () => {
    mkdirSync(join(workspace, 'app'))
    mkdirSync(join(workspace, '.ssh'))
    for (const path of ['.env', 'app/.env.production', '.ssh/id_ed25519', 'server.pem']) writeFileSync(join(workspace, path), 'CANARY-KEY')
    const room = roomAt(workspace)
    const grant = room.grant(subject)
    expect((await grant.run({ command: 'grep -rs CANARY-KEY . ; find . -type f -size +0; echo x 2>/dev/null >.env && echo wrote; echo done' }, signal)).output).toBe('done\n')
    expect(readFileSync(join(workspace, '.env'), 'utf8')).toBe('CANARY-KEY')
    const first = await grant.run({ command: 'sleep 30', yieldMs: 0 }, signal)
    await expect(grant.run({ command: 'cat .env' }, signal)).rejects.toMatchObject({ code: 'commands-busy' })
    await grant.kill(first.id)
    await room.close()
  })

  it('SBX-18: no configuration and no call adds a place, a privilege or a network', async () => {
    const state = join(place, 'state')
    mkdirSync(join(state, 'inner'), { recursive: true })
    symlinkSync(state, join(place, 'innocent'))
    for (const path of ['/', '/etc', '/var/run/docker.sock', '/var/run', '/proc', '/sys', '/root', '/home', '/tmp', state, join(state, 'inner'), place, join(place, 'innocent'), 'relative', '/not-there']) {
      expect(refusedReadOnly(path, [state]), path).toEqual(expect.any(String))
      const room = roomAt(workspace, { sandbox: { readOnly: [path] }, own: [state] })
      await expect(room.grant(subject).run({ command: 'true' }, signal), path).rejects.toMatchObject({ code: 'sandbox-misconfigured' })
    }
    expect(refusedReadOnly('/usr/share', [state])).toBeUndefined()
    const room = roomAt(workspace)
    const report = await room.grant(subject).run({ command: ['printf', '%s\n', '--share-net', '--bind / /x', '; id'], env: { SOME: '--share-net' } }, signal)
    expect(report.output).toBe('--share-net\n--bind / /x\n; id\n')
    await room.close()
  })

  it('SBX-19: the identity of the profile changes with every part of it', async () => {
    const identity = async (changes: Parameters<typeof sandboxDefaults>[0], bwrap: Omit<BwrapOptions, 'clock'> = {}): Promise<string> => {
      const room = roomAt(workspace, { sandbox: changes ?? {}, bwrap })
      const { profile } = await room.explain()
      await room.close()
      return profile
    }
    const plain = await identity({})
    const others = await Promise.all([
      identity({ memoryMb: 100 }), identity({ processes: 100 }), identity({ fileMb: 1 }), identity({ openFiles: 99 }), identity({ tmpMb: 2 }), identity({ workspaceAccess: 'ro' }), identity({ workspaceAccess: 'none' }), identity({ scope: 'shared' }),
      identity({ readOnly: ['/usr/share', '/usr/lib'] }), identity({ readOnly: ['/usr/lib', '/usr/share'] }), identity({}, { weaken: { filterWithout: ['keyctl'] } }), identity({}, { weaken: { arguments: (words) => words.filter((word) => word !== '--new-session') } }),
    ])
    expect(new Set([plain, ...others]).size).toBe(others.length + 1)
    expect(await identity({})).toBe(plain)
    await fc.assert(fc.asyncProperty(fc.integer({ min: 64, max: 9_000 }), async (memoryMb) => {
      expect((await identity({ memoryMb })) === plain).toBe(memoryMb === sandboxDefaults().memoryMb)
    }), { numRuns: 10 })
  })

  it('SBX-20: a gateway that is killed leaves no process of a sandbox', async () => {
    const worker = await runnerAs('same')
    await worker.begin('(setsid sleep 600.90125 &) ; sleep 600.90125')
    await vi.waitFor(() => expect(survivors('600.90125').length).toBeGreaterThan(3), { timeout: 60_000 })
    worker.process.kill('SIGKILL')
    await nothingLeft('600.90125')
    await worker.close()
  })

  it('SBX-20: also while a sandbox is only being made', async () => {
    for (let turn = 0; turn < 4; turn += 1) {
      const worker = await runnerAs('same')
      // The first command tries out the isolation; the second is the one that is cut off.
      await worker.run('true')
      worker.begin(`sleep 602.${turn}90125`).catch(() => 'the worker is killed on purpose')
      await vi.waitFor(() => expect(survivors(`602.${turn}90125`).length).toBeGreaterThan(0), { timeout: 60_000, interval: 1 })
      worker.process.kill('SIGKILL')
      await nothingLeft(`602.${turn}90125`)
      await worker.close()
    }
  })
})

// Said above why it is skipped where it is.
describe.skipIf(!available)('twins: a profile without one of its parts is caught', () => {
  const limits = { memoryMb: 256, processes: 64, fileMb: 8, openFiles: 128, tmpMb: 16 }
  const drop = (name: string, values: number) => (words: string[]): string[] => {
    const at = words.indexOf(name)
    return at < 0 ? words : [...words.slice(0, at), ...words.slice(at + 1 + values)]
  }
  const without = (name: string, value: string) => (words: string[]): string[] => words.filter((word, index) => !(word === name && words[index + 1] === value) && !(word === value && words[index - 1] === name))
  const broken = async (weaken: BwrapOptions['weaken'], own: readonly string[] = []): Promise<string[]> => {
    const isolation = bwrapIsolation({ clock: realClock, weaken: weaken ?? {} })
    return (await probeIsolation(isolation, { own, clock: realClock, limits })).filter(({ held }) => held === false).map(({ id }) => id)
  }

  it.each<[string, BwrapOptions['weaken']]>([
    ['SBX-01', { arguments: (words) => [...words, '--ro-bind', '/etc/passwd', '/workspace/x', '--ro-bind', tmpdir(), tmpdir()] }],
    ['SBX-02', { arguments: without('--remount-ro', '/') }],
    ['SBX-03', { arguments: (words) => ['--unshare-all', '--share-net', ...drop('--unshare-all', 0)(words)] }],
    ['SBX-06', { arguments: drop('--disable-userns', 0), filterWithout: ['clone', 'clone3', 'unshare'] }],
    ['SBX-07', { filterWithout: ['chmod', 'fchmod', 'fchmodat', 'fchmodat2'] }],
    ['SBX-08', { filterWithout: ['keyctl'] }],
    ['SBX-08', { arguments: drop('--seccomp', 1) }],
    ['EXE-06', { arguments: (words) => [...words, '--setenv', 'GATEWAY_SECRET', 'x'] }],
  ])('%s twin: it is seen when its part is missing', async (id, weaken) => {
    expect(await broken(weaken)).toContain(id)
  })

  it('SBX-02 twin: without its cover the kernel\'s settings could be written by root\'s sandbox', async () => {
    const isolation = bwrapIsolation({ clock: realClock, weaken: { arguments: (words) => without('--remount-ro', '/proc/sys')(words).filter((word, index, all) => !(all[index + 1] === '/proc/sys' || all[index + 2] === '/proc/sys' || all[index + 3] === '/proc/sys' || word === '/proc/sys')) } })
    const workspace = mkdtempSync(join(tmpdir(), 'moltbot-sbx-'))
    const started = isolation.start({ words: ['/bin/sh', '-c', ': 2>/dev/null >>/proc/sys/kernel/core_pattern && echo open; ls /proc/sys/kernel | wc -l'], folder: [], env: {}, workspace, access: 'rw', hidden: [], pty: false, input: false, readOnly: [], limits })
    let said = ''
    started.output.on('data', (data: Buffer) => { said += data.toString() })
    await started.ended
    rmSync(workspace, { recursive: true })
    expect(said).toMatch(process.getuid?.() === 0 ? /^open/ : /^\d{2,}/)
  })

  it('SBX-20 twin: without dying with its parent a command survives its gateway', async () => {
    const workspace = mkdtempSync(join(tmpdir(), 'moltbot-sbx-'))
    const program = await bundleProgram({ text: `
      import { bwrapIsolation } from './gateway/src/journey/sandbox/bwrap.ts'
      const isolation = bwrapIsolation({ clock: { now: () => 0, after: () => () => {} }, weaken: { arguments: (words) => words.filter((word) => word !== '--die-with-parent') } })
      isolation.start({ words: ['sleep', '601.90126'], folder: [], env: {}, workspace: ${JSON.stringify(workspace)}, access: 'rw', hidden: [], pty: false, input: false, readOnly: [], limits: ${JSON.stringify(limits)} })
    ` })
    const gateway = spawn(process.execPath, [program], { stdio: 'ignore' })
    const gone = new Promise((resolve) => gateway.once('exit', resolve))
    const sleeps = (pid: string): boolean => readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith('sleep\0')
    await vi.waitFor(() => expect(survivors('601.90126').filter(sleeps)).toHaveLength(1), { timeout: 60_000 })
    gateway.kill('SIGKILL')
    await gone
    const left = survivors('601.90126')
    for (const pid of left) {
      try {
        process.kill(Number(pid), 'SIGKILL')
      } catch {
        // It ended with the one before it.
      }
    }
    expect(left.length).toBeGreaterThan(0)
    await nothingLeft('601.90126')
    rmSync(workspace, { recursive: true })
  })
})
