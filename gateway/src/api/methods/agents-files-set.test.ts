import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { countingIds, realClock } from '@moltbot/contract/testing'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { workspaceFiles } from '../../journey/sandbox/workspace-files.ts'
import { callMethod } from '../testing/call-method.ts'
import { fakeRooms, type FakeRooms } from '../testing/fake-rooms.ts'
import { agentsFilesGet } from './agents-files-get.ts'
import { agentsFilesList } from './agents-files-list.ts'
import { agentsFilesSet } from './agents-files-set.ts'

let home: string
let workspace: string
let rooms: FakeRooms
beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'moltbot-files-'))
  workspace = join(home, 'workspace')
  mkdirSync(join(workspace, 'skills', 'garden'), { recursive: true })
  mkdirSync(join(workspace, 'memory'))
  writeFileSync(join(workspace, 'SOUL.md'), 'calm')
  writeFileSync(join(workspace, 'memory', '2026-11-22.md'), 'planted')
  writeFileSync(join(workspace, 'skills', 'garden', 'SKILL.md'), 'dig')
  writeFileSync(join(workspace, 'private.md'), 'not one of them')
  writeFileSync(join(home, 'outside.md'), 'secret')
  rooms = await fakeRooms()
  rooms.state.agents = [{ id: 'main', name: 'Main', emoji: null, workspace, isDefault: true }]
  rooms.filesOf = () => workspaceFiles({ root: workspace, clock: realClock, newId: countingIds(), byHand: true })
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

it('lists persona, memory and skills, with what is missing', async () => {
  const { files } = await callMethod(agentsFilesList, {}, rooms)
  expect(files.filter((file) => !file.missing).map((file) => file.name)).toEqual(['SOUL.md', 'memory/2026-11-22.md', 'skills/garden/SKILL.md'])
  expect(files.find((file) => file.name === 'AGENTS.md')).toMatchObject({ missing: true })
})

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

it('says so where this gateway shows none', async () => {
  delete (rooms as { filesOf?: unknown }).filesOf
  await expect(callMethod(agentsFilesList, {}, rooms)).rejects.toMatchObject({ code: 'agents-files-unavailable' })
})
