import { expect, it } from 'vitest'
import { fakeOffline } from '../testing/config-fixtures.ts'
import { runCommand } from '../testing/run-command.ts'

it('prints the path', async () => {
  expect(await runCommand(['config', 'file'], { offline: fakeOffline() })).toMatchObject({ code: 0, out: '/offline/moltbot.json\n' })
  expect(JSON.parse((await runCommand(['config', 'file', '--json'], { offline: fakeOffline() })).out)).toEqual({ file: '/offline/moltbot.json' })
})
