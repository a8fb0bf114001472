import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { countingIds, realClock } from '@moltbot/contract/testing'
import { workspaceFiles } from '../../journey/sandbox/workspace-files.ts'
import { fakeRooms, type FakeRooms } from './fake-rooms.ts'

/** Rooms whose one agent has a real folder with a few files, and something beside it that nobody may reach. */
export async function workspaceRooms(): Promise<{ rooms: FakeRooms; home: string; workspace: string; remove: () => void }> {
  const home = mkdtempSync(join(tmpdir(), 'moltbot-files-'))
  const workspace = join(home, 'workspace')
  mkdirSync(join(workspace, 'skills', 'garden'), { recursive: true })
  mkdirSync(join(workspace, 'memory'))
  writeFileSync(join(workspace, 'SOUL.md'), 'calm')
  writeFileSync(join(workspace, 'memory', '2026-11-22.md'), 'planted')
  writeFileSync(join(workspace, 'skills', 'garden', 'SKILL.md'), 'dig')
  writeFileSync(join(workspace, 'private.md'), 'not one of them')
  writeFileSync(join(home, 'outside.md'), 'secret')
  const rooms = await fakeRooms()
  rooms.state.agents = [{ id: 'main', name: 'Main', emoji: null, workspace, isDefault: true }]
  rooms.filesOf = () => ({ ...workspaceFiles({ root: workspace, clock: realClock, newId: countingIds(), byHand: true }), promptFiles: ['AGENTS.md', 'SOUL.md', 'USER.md'] })
  return { rooms, home, workspace, remove: () => rmSync(home, { recursive: true, force: true }) }
}
