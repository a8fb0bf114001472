import { afterEach, beforeEach, expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import type { FakeRooms } from '../testing/fake-rooms.ts'
import { workspaceRooms } from '../testing/workspace-rooms.ts'
import { agentsFilesGet } from './agents-files-get.ts'

let rooms: FakeRooms
let remove: () => void
beforeEach(async () => {
  ({ rooms, remove } = await workspaceRooms())
})
afterEach(() => remove())

it('gives the text with its age, and the empty text of what is missing', async () => {
  const { file, workspace } = await callMethod(agentsFilesGet, { name: 'SOUL.md' }, rooms)
  expect(file).toMatchObject({ name: 'SOUL.md', path: `${workspace}/SOUL.md`, content: 'calm', size: 4, missing: false })
  expect(file.updatedAtMs).toBeGreaterThan(0)
  const { file: absent } = await callMethod(agentsFilesGet, { name: 'AGENTS.md' }, rooms)
  expect(absent).toMatchObject({ missing: true, content: '' })
})

it('gives no other file of the workspace', async () => {
  await expect(callMethod(agentsFilesGet, { name: 'private.md' }, rooms)).rejects.toMatchObject({ code: 'file-not-listed' })
})
