import { afterEach, beforeEach, expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import type { FakeRooms } from '../testing/fake-rooms.ts'
import { workspaceRooms } from '../testing/workspace-rooms.ts'
import { agentsFilesList } from './agents-files-list.ts'

let rooms: FakeRooms
let remove: () => void
beforeEach(async () => {
  ({ rooms, remove } = await workspaceRooms())
})
afterEach(() => remove())

it('lists persona, memory and skills, with what is missing', async () => {
  const { files } = await callMethod(agentsFilesList, {}, rooms)
  expect(files.filter((file) => !file.missing).map((file) => file.name)).toEqual(['SOUL.md', 'memory/2026-11-22.md', 'skills/garden/SKILL.md'])
  expect(files.find((file) => file.name === 'AGENTS.md')).toMatchObject({ missing: true })
})

it('says so where this gateway shows none', async () => {
  delete (rooms as { filesOf?: unknown }).filesOf
  await expect(callMethod(agentsFilesList, {}, rooms)).rejects.toMatchObject({ code: 'agents-files-unavailable' })
})
