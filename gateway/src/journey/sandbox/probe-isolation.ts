import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Clock, SandboxProbe } from '@moltbot/contract'
import { shellQuoted, type Isolation, type Limits } from './isolation.ts'

const probeMs = 20_000

interface Attempt {
  id: string
  what: string
  /** Run inside; says `out` for every success of the attacker, `untried` where it cannot be tried. */
  script: string
  /** Looks from outside afterwards; a text: what the attacker achieved. */
  after?: () => Promise<string | undefined>
}

/** Tries to break out, with real programs, and says what held. Leaves nothing behind. */
export async function probeIsolation(isolation: Isolation, options: { own: readonly string[]; clock: Clock; limits: Limits }): Promise<SandboxProbe[]> {
  const place = await mkdtemp(join(tmpdir(), 'moltbot-probe-'))
  const workspace = join(place, 'workspace')
  const outside = join(place, 'outside.txt')
  await mkdir(workspace)
  await writeFile(outside, 'untouched')
  let heard = 0
  const listener = createServer((socket) => {
    heard += 1
    socket.destroy()
  })
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
  const address = listener.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  try {
    const probes: SandboxProbe[] = []
    for (const attempt of attempts({ outside, port, own: options.own, inMemory: isolation.inMemory ?? [] })) {
      heard = 0
      probes.push(await tryOne(isolation, attempt, workspace, options, () => heard))
    }
    return probes
  } finally {
    listener.close()
    await rm(place, { recursive: true, force: true })
  }
}

async function tryOne(isolation: Isolation, attempt: Attempt, workspace: string, { clock, limits }: { clock: Clock; limits: Limits }, heard: () => number): Promise<SandboxProbe> {
  const process = isolation.start({ words: ['/bin/sh', '-c', attempt.script], folder: [], env: {}, workspace, access: 'rw', hidden: [], pty: false, input: false, readOnly: [], limits })
  let said = ''
  process.output.on('data', (data: Buffer) => { said = (said + data.toString('utf8')).slice(0, 4_000) })
  const cancel = clock.after(probeMs, () => process.kill())
  await process.ended
  cancel()
  const lines = said.split('\n').filter((line) => line !== '')
  const got = [...lines.filter((line) => line.startsWith('out ')).map((line) => line.slice(4)), ...(heard() > 0 ? ['a connection arrived'] : [])]
  const seen = await attempt.after?.()
  if (seen !== undefined) got.push(seen)
  if (got.length > 0) return { id: attempt.id, what: attempt.what, held: false, saw: got.join('; ').slice(0, 300) }
  if (!lines.includes('tried')) return { id: attempt.id, what: attempt.what, held: null, saw: lines.at(-1)?.slice(0, 200) ?? 'nothing was said' }
  return { id: attempt.id, what: attempt.what, held: true, saw: 'refused' }
}

function attempts({ outside, port, own, inMemory }: { outside: string; port: number; own: readonly string[]; inMemory: readonly string[] }): Attempt[] {
  const readAll = ['/etc/shadow', '/etc/ssh', '/root', homedir(), '/var/log', '/run/dbus', '/sys/kernel', outside, ...own].map((path) => `[ -r ${shellQuoted(path)} ] && ls ${shellQuoted(path)} >/dev/null 2>&1 && [ -n "$(ls -A ${shellQuoted(path)} 2>/dev/null)" ] && echo out ${shellQuoted(path)}`)
  const wrote = async (): Promise<string | undefined> => {
    // What is said to be in memory must not be this machine's.
    const reached = inMemory.find((folder) => existsSync(join(folder, 'moltbot-probe')))
    if (reached !== undefined) return `${reached} of this machine`
    return (await readFile(outside, 'utf8')) === 'untouched' ? undefined : 'a file outside was changed'
  }
  return [
    { id: 'SBX-01', what: 'read keys, home folders, logs and the gateway\'s own files', script: `${readAll.join('\n')}\necho tried` },
    {
      id: 'SBX-02', what: 'write outside the workspace', after: wrote,
      script: `for place in / /usr /etc /bin /lib /proc/sys/kernel /dev; do echo x 2>/dev/null >"$place/moltbot-probe" && case " ${inMemory.join(' ')} " in *" $place "*) ;; *) echo "out $place";; esac; done; echo x 2>/dev/null >${shellQuoted(outside)}\nmount -o remount,rw /usr 2>/dev/null && echo out remount\necho tried`,
    },
    {
      id: 'SBX-03', what: 'reach this machine or the network',
      script: `if [ -x /bin/bash ]; then for to in 127.0.0.1/${port} 169.254.169.254/80 1.1.1.1/53; do timeout 3 /bin/bash -c "exec 3<>/dev/tcp/$to" 2>/dev/null && echo "out $to"; done; fi\n[ "$(ls /sys/class/net 2>/dev/null | wc -l)" -gt 1 ] && echo out interfaces\n[ "$(grep -c : /proc/net/dev)" -gt 1 ] && echo out interfaces\necho tried`,
    },
    { id: 'SBX-05', what: 'see or end processes of this machine', script: `[ "$(ls -d /proc/[0-9]* | wc -l)" -gt 12 ] && echo out processes\nkill -0 ${process.pid} 2>/dev/null && [ ${process.pid} -gt 30 ] && echo out pid\necho tried` },
    { id: 'SBX-06', what: 'make namespaces of its own', script: 'command -v unshare >/dev/null || { echo there is no unshare; exit; }; for how in -Ur -m -n -p -i -u; do unshare $how true 2>/dev/null && echo "out unshare $how"; done; echo tried' },
    { id: 'SBX-07', what: 'hold or gain privileges', script: 'grep -q "^CapEff:[[:space:]]*0*$" /proc/self/status || echo out capabilities; grep -q "^CapBnd:[[:space:]]*0*$" /proc/self/status || echo out bounding set; grep -q "^NoNewPrivs:[[:space:]]*1" /proc/self/status || echo out privileges; touch s; chmod u+s s 2>/dev/null && echo out setuid; echo tried' },
    {
      id: 'SBX-08', what: 'use dangerous system calls',
      script: `grep -q "^Seccomp:[[:space:]]*2" /proc/self/status || echo out no filter
if command -v perl >/dev/null && [ "$(uname -m)" = x86_64 ]; then perl -e 'for ([ptrace => 101], [bpf => 321], [keyctl => 250], [add_key => 248], [perf => 298], [mount => 165], [userfaultfd => 323], [io_uring => 425], [kexec => 246], [unshare => 272, 0x10000000], [handle => 304]) { my ($name, $n, @a) = @$_; $! = 0; my $r = syscall($n, @a ? @a : 0, 0, 0, 0, 0); print "out $name\\n" unless $!{EPERM} || $!{ENOSYS} } socket(my $s, 16, 3, 0) and print "out netlink\\n"'; fi
echo tried`,
    },
    { id: 'SBX-10', what: 'take more memory or processes than it may', script: '[ "$(ulimit -d)" = unlimited ] && echo out memory; [ "$(ulimit -f)" = unlimited ] && echo out file size; [ "$(ulimit -n)" = unlimited ] && echo out files; [ "$(ulimit -c)" = 0 ] || echo out core dumps; echo tried' },
    { id: 'SBX-13', what: 'find something the gateway left open', script: 'for fd in /proc/self/fd/*; do n=${fd##*/}; [ "$n" -gt 2 ] && [ -e "/proc/$$/fd/$n" ] && echo "out descriptor $n"; done; echo tried' },
    { id: 'SBX-14', what: 'type into a terminal', script: '(: </dev/tty) 2>/dev/null && echo out tty; if command -v perl >/dev/null; then perl -e \'my $c = "x"; ioctl(STDIN, 0x5412, $c) and print "out TIOCSTI\\n"\'; fi; echo tried' },
    { id: 'EXE-06', what: 'find variables of the gateway', script: 'env | grep -v -E "^(PATH|HOME|USER|LOGNAME|SHELL|LANG|TERM|TMPDIR|PWD|OLDPWD|SHLVL|_|MOLTBOT_SANDBOX)=" | sed "s/^/out /; s/=.*//"; echo tried' },
  ]
}
