import { realClock } from '@moltbot/contract/testing'
import { expect, test } from 'vitest'
import { containerIsolation, containerWords } from './container.ts'
import type { IsolatedProgram } from './isolation.ts'

const program: IsolatedProgram = {
  words: ['/bin/sh', '-c', 'echo "$1"; --privileged'], folder: ['src'], env: { GREETING: '--network=host' }, workspace: '/home/a/work', access: 'ro', hidden: [{ steps: ['.env'], kind: 'file' }, { steps: ['.ssh'], kind: 'folder' }],
  pty: false, input: false, limits: { memoryMb: 256, processes: 64, fileMb: 8, openFiles: 128, tmpMb: 16 }, readOnly: ['/opt/go'],
}

test('SBX-18: a container gets no network, no privilege, no host namespace, and nothing from a call becomes an option', () => {
  const words = containerWords(program, { engine: 'podman', image: 'debian:bookworm-slim', name: 'moltbot-sbx-1', uid: 1000, gid: 1000 })
  const image = words.indexOf('debian:bookworm-slim')
  const options = words.slice(0, image)
  expect(words.slice(image + 1, image + 3)).toEqual(['-i', 'GREETING=--network=host'])
  expect(words.slice(-program.words.length)).toEqual(program.words)
  expect(options.slice(-2)).toEqual(['--entrypoint', 'env'])
  for (const pair of [['--network', 'none'], ['--cap-drop', 'ALL'], ['--security-opt', 'no-new-privileges'], ['--pids-limit', '64'], ['--memory', '256m'], ['--memory-swap', '256m'], ['--pull', 'never'], ['--user', '1000:1000'], ['--ipc', 'private'], ['--workdir', '/workspace/src']]) {
    expect(options.join(' ')).toContain(pair.join(' '))
  }
  expect(options).toContain('--read-only')
  expect(options).toContain('type=bind,source=/home/a/work,target=/workspace,readonly')
  expect(options).toContain('type=bind,source=/dev/null,target=/workspace/.env,readonly')
  // A proxy's address, which may hold a password, is not handed in as engines do by themselves.
  expect(options).toContain('--http-proxy=false')
  expect(containerWords(program, { engine: 'docker', image: 'i', name: 'n', uid: 0, gid: 0 })).toEqual(expect.arrayContaining(['HTTP_PROXY=', 'https_proxy=']))
  for (const never of ['--privileged', '--pid', '--uts', '--userns=host', '--cap-add', '--device', '--volume', '-v', '--network=host', 'seccomp=unconfined']) expect(options).not.toContain(never)
})

test('a container engine that does not answer says what would help', async () => {
  expect(await containerIsolation({ engine: 'docker', image: 'no-such-image-anywhere:0', clock: realClock }).check()).toMatchObject({ available: false, remedy: expect.any(String) })
})
