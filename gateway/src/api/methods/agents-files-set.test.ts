import { readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import type { FakeRooms } from '../testing/fake-rooms.ts'
import { workspaceRooms } from '../testing/workspace-rooms.ts'
import { agentsFilesGet } from './agents-files-get.ts'
import { agentsFilesSet } from './agents-files-set.ts'

let rooms: FakeRooms
let home: string
let workspace: string
let remove: () => void
beforeEach(async () => {
  ({ rooms, home, workspace, remove } = await workspaceRooms())
})
afterEach(() => remove())

it('reads and writes, skills too, and leaves alone what somebody else changed', async () => {
  const { file } = await callMethod(agentsFilesGet, { name: 'skills/garden/SKILL.md' }, rooms)
  expect(file).toMatchObject({ content: 'dig', missing: false })
  const updatedAtMs = file.updatedAtMs ?? 0
  const { file: written } = await callMethod(agentsFilesSet, { name: file.name, content: 'dig deeper', updatedAtMs }, rooms)
  await expect(callMethod(agentsFilesSet, { name: file.name, content: 'mine', updatedAtMs }, rooms)).rejects.toMatchObject({ code: 'file-changed' })
  await callMethod(agentsFilesSet, { name: file.name, content: 'dug', updatedAtMs: written.updatedAtMs ?? null }, rooms)
  expect(readFileSync(join(workspace, 'skills', 'garden', 'SKILL.md'), 'utf8')).toBe('dug')
})

it('makes a new file only where none is', async () => {
  expect((await callMethod(agentsFilesGet, { name: 'USER.md' }, rooms)).file).toMatchObject({ missing: true, content: '' })
  await callMethod(agentsFilesSet, { name: 'USER.md', content: 'Anna', updatedAtMs: null }, rooms)
  await expect(callMethod(agentsFilesSet, { name: 'USER.md', content: 'Berta', updatedAtMs: null }, rooms)).rejects.toMatchObject({ code: 'file-changed' })
  expect(readFileSync(join(workspace, 'USER.md'), 'utf8')).toBe('Anna')
})

it('never leaves the workspace, by name or by link, and touches no other file in it', async () => {
  symlinkSync(join(home, 'outside.md'), join(workspace, 'USER.md'))
  symlinkSync(home, join(workspace, 'memory', 'away'))
  for (const name of ['../outside.md', '/etc/passwd', 'memory/../../outside.md', 'private.md', 'memory/away/outside.md', '.ssh/id_rsa', 'memory/x.txt', 'skills/.env', 'skills/a/.hidden.md/x']) {
    await expect(callMethod(agentsFilesGet, { name }, rooms), name).rejects.toThrow()
    await expect(callMethod(agentsFilesSet, { name, content: 'x' }, rooms), name).rejects.toThrow()
  }
  await expect(callMethod(agentsFilesGet, { name: 'USER.md' }, rooms)).rejects.toMatchObject({ code: 'link-refused' })
  await expect(callMethod(agentsFilesSet, { name: 'USER.md', content: 'x' }, rooms)).rejects.toMatchObject({ code: 'link-refused' })
  expect(readFileSync(join(home, 'outside.md'), 'utf8')).toBe('secret')
})
