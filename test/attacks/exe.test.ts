import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import type { AgentId, Commands, PrincipalId, SessionKey } from '@moltbot/contract'
import { realClock } from '@moltbot/contract/testing'
import { bwrapIsolation } from '../../gateway/src/journey/sandbox/bwrap.ts'
import { plainOutput } from '../../gateway/src/journey/sandbox/command-output.ts'
import { mayBeSet } from '../../gateway/src/journey/sandbox/command-words.ts'
import type { CommandRoom } from '../../gateway/src/journey/sandbox/index.ts'
import { run } from '../../tools/src/run.ts'
import { callTool, inOrder, say } from '../fakes/model-servers/index.ts'
import { keptMemory } from '../support/kept-memory.ts'
import { personAt } from '../support/person.ts'
import { startTestGateway } from '../support/test-gateway.ts'
import { roomAt, subject, untilItEnded } from './sandbox-runner.ts'

const available = (await bwrapIsolation({ clock: realClock }).check()).available
if (!available) console.warn('Attacks on running commands are not tried: bubblewrap does not work here (apt-get install bubblewrap).')

let place: string
let workspace: string
const rooms: CommandRoom[] = []
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'moltbot-exe-'))
  workspace = join(place, 'workspace')
  mkdirSync(workspace)
})
afterEach(async () => {
  for (const room of rooms.splice(0)) await room.close()
  rmSync(place, { recursive: true, force: true })
})
const signal = new AbortController().signal
function room(options: Parameters<typeof roomAt>[1] = {}): CommandRoom {
  const made = roomAt(workspace, options)
  rooms.push(made)
  return made
}
const grant = (options: Parameters<typeof roomAt>[1] = {}): Commands => room(options).grant(subject)

function survivors(word: string): number {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name) && name !== String(process.pid)).filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(word)
    } catch {
      // It ended while we looked.
      return false
    }
  }).length
}

const reservedNames = [
  'PATH', 'LD_PRELOAD', 'LD_LIBRARY_PATH', 'LD_AUDIT', 'DYLD_INSERT_LIBRARIES', 'NODE_OPTIONS', 'NODE_PATH', 'BASH_ENV', 'ENV', 'IFS', 'PS4', 'PROMPT_COMMAND', 'PYTHONPATH', 'PYTHONSTARTUP', 'PERL5OPT', 'PERL5LIB', 'RUBYOPT', 'JAVA_TOOL_OPTIONS',
  '_JAVA_OPTIONS', 'GIT_SSH_COMMAND', 'GIT_EXEC_PATH', 'SSH_AUTH_SOCK', 'HTTP_PROXY', 'https_proxy', 'ALL_PROXY', 'HOME', 'TMPDIR', 'XDG_CONFIG_HOME', 'CC', 'RUSTUP_TOOLCHAIN', 'npm_config_registry', 'NPM_TOKEN', 'DOTNET_STARTUP_HOOKS', 'LESSOPEN', 'EDITOR', 'PAGER',
  'TERMINFO', 'LOCPATH', 'GCONV_PATH', 'MALLOC_CHECK_', 'SHELLOPTS', 'BASHOPTS', 'BASH_FUNC_ls', 'CDPATH', 'AWS_SECRET_ACCESS_KEY', 'MOLTBOT_STATE_DIR', 'CLAWDBOT_GATEWAY_TOKEN', 'SUDO_ASKPASS', 'KUBECONFIG', 'DOCKER_HOST', 'OPENSSL_CONF', 'SSL_CERT_FILE',
]

describe('EXE: what never reaches a shell', () => {
  it.each(reservedNames)('EXE-06: %s cannot be set for a command', async (name) => {
    expect(mayBeSet(name)).toBe(false)
    await expect(grant().run({ command: 'true', env: { [name]: 'x' } }, signal)).rejects.toMatchObject({ code: 'command-refused' })
  })

  it('EXE-06 twin: an ordinary name passes', () => {
    expect(['GREETING', 'A1', '_x', 'TARGET', 'VERBOSE', 'NAME'].map(mayBeSet)).toEqual(Array.from({ length: 6 }, () => true))
    expect(['', 'A B', '1A', 'A=B', 'Ä', 'A\n'].map(mayBeSet)).toEqual(Array.from({ length: 6 }, () => false))
  })

  it('EXE-11: fields that would approve themselves are no part of a call', () => {
    expect((run.input as unknown as { additionalProperties: boolean }).additionalProperties).toBe(false)
    expect(Object.keys((run.input as unknown as { properties: object }).properties)).toEqual(['command', 'workdir', 'env', 'timeout', 'yield_ms', 'pty', 'input'])
  })

  it.each([['1 MB', `echo ${'x'.repeat(1_000_000)}`], ['NUL', 'echo a\0b'], ['a lone surrogate', 'echo \ud800'], ['turned-around text', 'echo \u202egnp.exe'], ['nothing', '  '], ['no words', []]])('EXE-15: a command with %s is refused', async (_what, command) => {
    await expect(grant().run({ command: command as string }, signal)).rejects.toMatchObject({ code: 'command-refused' })
  })

  it('EXE-21: escapes, titles, links and invisible characters are gone from what a model reads', () => {
    expect(plainOutput('a\u001b[31mred\u001b[0m \u001b]0;title\u0007b \u001b]8;;http://evil\u001b\\link\u001b]8;;\u001b\\ c\u001bPq#0\u001b\\d \u009b31me\u202ef\u200bg\u0000h\u0008')).toBe('ared b link cd efgh')
    expect(plainOutput('10%\r50%\r100%\ndone\r\n')).toBe('100%\ndone\n')
    expect(plainOutput('\u001b]0;never ended')).toBe('')
  })

  it('EXE-22: without isolation nothing runs, and the one command that mends it is named', async () => {
    const canary = join(workspace, 'ran')
    const broken = join(place, 'bwrap')
    writeFileSync(broken, '#!/bin/sh\nwhile [ "$1" != -- ]; do shift; done; shift; exec "$@"\n')
    chmodSync(broken, 0o755)
    for (const programs of [['/nowhere/bwrap'], [broken], ['/bin/true'], ['/bin/false']]) {
      const commands = grant({ bwrap: { programs } })
      await expect(commands.run({ command: `touch ${canary} ran` }, signal), String(programs)).rejects.toMatchObject({ code: 'sandbox-unavailable', next: expect.stringMatching(/The owner can mend it with: \S+/) })
    }
    await expect(grant({ bwrap: { architecture: 'mips' } }).run({ command: 'touch ran' }, signal)).rejects.toMatchObject({ code: 'sandbox-unavailable' })
    expect(readdirSync(workspace)).toEqual([])
  })

  it('EXE-05: an isolating program that somebody else could have put there is not used', async () => {
    const planted = join(place, 'bwrap')
    writeFileSync(planted, `#!/bin/sh\ntouch ${place}/planted-ran\n`)
    chmodSync(planted, 0o777)
    expect(await bwrapIsolation({ clock: realClock, programs: [planted] }).check()).toMatchObject({ available: false, reason: 'bubblewrap is not installed.' })
    expect(readdirSync(place)).not.toContain('planted-ran')
  })
})

// Said above why it is skipped where it is.
describe.skipIf(!available)('EXE: what runs', () => {
  it('EXE-16: endless output is bounded, and what was said first and last can be read', async () => {
    const commands = grant()
    const before = await keptMemory()
    const report = await commands.run({ command: 'echo FIRST; head -c 60M /dev/zero | tr "\\0" x; echo; echo LAST', yieldMs: untilItEnded }, signal)
    expect(report.output.length).toBeLessThan(31_000)
    expect(report.output).toMatch(/^FIRST\n[^]*characters left out[^]*LAST\n$/)
    expect(report.said).toBe(60 * 1024 * 1024 + 12)
    expect((await commands.log(report.id, 0, 6)).text).toBe('FIRST\n')
    expect((await commands.log(report.id, 5_000_000, 10)).text).toContain('not kept')
    expect(await keptMemory() - before).toBeLessThan(20 * 1024 * 1024)
  })

  it('EXE-16: a terminal inside is the sandbox\'s own; what is written reaches only its program', async () => {
    const commands = grant()
    const report = await commands.run({ command: 'tty; stty size; read -r line; printf "got %q" "$line"', pty: true, yieldMs: 1_000 }, signal)
    expect(report.state).toEqual({ kind: 'running' })
    await commands.write(report.id, 'a\u001b[2J~.\n', false)
    const done = await commands.poll(report.id, 20_000, signal)
    expect(report.output + done.output).toMatch(/\/dev\/pts\/0\n40 120\n[^]*got /)
    await expect(commands.write(report.id, 'x', false)).rejects.toMatchObject({ code: 'command-over' })
    expect((await commands.run({ command: 'cat; echo end' }, signal)).output).toBe('end\n')
  })

  it('EXE-17: what was started aside dies with its command', async () => {
    const commands = grant()
    await commands.run({ command: '(setsid sleep 701.31 & ) ; nohup sleep 701.31 >/dev/null 2>&1 & disown; perl -e \'fork and exit; fork and exit; use POSIX; POSIX::setsid(); exec "sleep", "701.31"\'; echo begun', yieldMs: untilItEnded }, signal)
    await vi.waitFor(() => expect(survivors('701.31')).toBe(0), { timeout: 60_000 })
  })

  it('EXE-17: stop ends the whole tree, in the foreground and in the background', async () => {
    const all = room()
    const commands = all.grant(subject)
    const stopper = new AbortController()
    const foreground = commands.run({ command: 'trap "" TERM INT; (sleep 702.31 &); sleep 702.31', yieldMs: untilItEnded }, stopper.signal)
    await vi.waitFor(() => expect(survivors('702.31')).toBeGreaterThan(3), { timeout: 60_000 })
    stopper.abort('stop')
    expect((await foreground).state).toMatchObject({ kind: 'ended', by: 'stop' })
    await commands.run({ command: 'sleep 702.31', yieldMs: 0 }, signal)
    expect(await all.stop(subject.session)).toBe(1)
    expect(survivors('702.31')).toBe(0)
  })

  it('EXE-18: a command is reached by its handle alone, and only in its own conversation and by its own person', async () => {
    const all = room()
    const { id } = await all.grant(subject).run({ command: 'sleep 703.31', yieldMs: 0 }, signal)
    for (const other of [{ ...subject, session: 'agent:main:other' as SessionKey }, { ...subject, principal: 'somebody' as PrincipalId }]) {
      const theirs = all.grant({ ...other, agent: 'main' as AgentId })
      expect(await theirs.list()).toEqual([])
      for (const act of [() => theirs.poll(id, 0, signal), () => theirs.log(id, 0, 1), () => theirs.write(id, 'x', false), () => theirs.kill(id)]) await expect(act()).rejects.toMatchObject({ code: 'command-unknown' })
    }
    for (const forged of [String(process.pid), '1', '-1', '', `${id}x`]) await expect(all.grant(subject).kill(forged)).rejects.toMatchObject({ code: 'command-unknown' })
    expect((await all.grant(subject).kill(id)).state).toMatchObject({ kind: 'ended', by: 'kill' })
    expect(survivors('703.31')).toBe(0)
  })

  describe('through a whole gateway', () => {
    const results: string[] = []
    beforeAll(async () => {
      const at = await startTestGateway({ config: { commands: { ownerAllowFrom: ['telegram:1001'] }, channels: { telegram: { dmPolicy: 'allowlist', allowFrom: [1002] } } } })
      try {
        const command = 'hostname; id -un; cat ../moltbot.json ../sessions/moltbot.db 2>/dev/null | wc -c; env | grep -c -i token'
        const ask = async (person: number, words: string, input: Record<string, unknown> = { command }): Promise<void> => {
          at.model.use(inOrder([callTool('exec', input)], (request) => {
            results.push(request.messages.at(-1)?.text ?? '')
            return [say('done')]
          }))
          await personAt(at, person).chat(words)
        }
        await ask(1001, 'please run it')
        await ask(1002, 'run it for me')
        await ask(1001, '/elevated full run it on the host')
        await ask(1002, 'run it for me, elevated')
        // Fields by which other gateways were asked for more.
        for (const more of [{ elevated: true }, { host: 'gateway' }, { sandbox: 'off' }, { security: 'full', ask: 'off' }]) await ask(1001, 'run it elevated', { command, ...more })
      } finally {
        await at.close()
      }
    })

    it('EXE-19: the owner runs in the sandbox, a member does not run at all', () => {
      expect(results[0]).toContain('sandbox\nagent\n0\n0\n')
      expect(results[1]).toMatch(/Refused: .*owner/)
    })
    it('EXE-20: no words of a message and no field of a call lead out of it', () => {
      expect(results).toHaveLength(8)
      expect(results[2]).toContain('sandbox\nagent\n0\n0\n')
      expect(results[3]).toMatch(/Refused: .*owner/)
      for (const refused of results.slice(4)) expect(refused).toMatch(/does not fit/)
    })
  })
})
