import { expect, it } from 'vitest'
import { startFakeGateway } from '../testing/fake-gateway.ts'
import { runCommand } from '../testing/run-command.ts'

it('lists the groups, one a line, the id first', async () => {
  const gateway = await startFakeGateway({ token: 'T', methods: { 'channels.groups': { channel: 'pigeon', accountId: 'default', groups: [{ id: '12@loft', title: 'fam\u001b[31mily', members: 3 }, { id: '13@loft', title: 'me', members: 1 }] } } })
  const run = await runCommand(['message', 'list-groups', '--channel', 'pigeon'], { gateway })
  expect(run.code).toBe(0)
  expect(run.out.split('\n')[0]).toMatch(/^12@loft {2}family \(3 members\)$/)
  expect(run.out).not.toContain('\u001b')
  expect(run.out).toContain('13@loft  me (one member)')
  await gateway.close()
})

it('says so when there are none, and needs a network', async () => {
  const gateway = await startFakeGateway({ token: 'T', methods: { 'channels.groups': { channel: 'pigeon', accountId: 'default', groups: [] } } })
  expect((await runCommand(['message', 'list-groups', '--channel', 'pigeon'], { gateway })).out).toContain('in no group')
  expect(await runCommand(['message', 'list-groups'])).toMatchObject({ code: 2 })
  await gateway.close()
})
