import { execFileSync } from 'node:child_process'
import { existsSync, linkSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, symlinkSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ConfigView } from '@moltbot/contract'
import { memoryLogger } from '@moltbot/contract/testing'
import Value from 'typebox/value'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { AgentsConfig } from './config.ts'
import { agentsSection } from './config.ts'
import { createAgents, promptFileNames } from './create-agents.ts'
import { templates } from './templates.ts'

let home: string
let stateDir: string
let written: unknown
const log = memoryLogger()

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'moltbot-agents-'))
  stateDir = join(home, '.moltbot')
  mkdirSync(stateDir)
  written = {}
  log.lines.length = 0
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

/** What the file says, with the section's own defaults; a value the schema refuses fails the test. */
const config = {
  get: () => {
    const value = Value.Default(agentsSection.schema, structuredClone(written))
    if (!Value.Check(agentsSection.schema, value)) throw new Error(JSON.stringify(Value.Errors(agentsSection.schema, value)))
    return value
  },
} as unknown as Pick<ConfigView, 'get'>
const agents = (file: unknown = {}) => {
  written = file
  return createAgents({ config, stateDir, home, log })
}
const taken = (file: unknown) => Value.Check(agentsSection.schema, Value.Default(agentsSection.schema, structuredClone(file)))

describe('configuration', () => {
  test('nothing configured means one agent called main', () => {
    const all = agents()
    expect(all.ids()).toEqual(['main'])
    expect(all.get('main')).toMatchObject({ workspace: join(stateDir, 'workspace'), isDefault: true, models: { primary: undefined, fallbacks: [] }, timeoutMs: 600_000, thinkingDefault: 'off', compaction: { reserve: 20_000, keepRecentTokens: 20_000 }, bootstrapMaxChars: 20_000 })
    expect(all.defaults()).toMatchObject({ maxConcurrent: 4, aliases: {} })
    expect(() => all.get('other')).toThrow(expect.objectContaining({ code: 'agent-unknown', next: 'Use one of: main.' }))
    expect([all.has('main'), all.has('other')]).toEqual([true, false])
  })

  test('a model is a word or an object, aliases are lower-cased, agents have their own', () => {
    const all = agents({
      defaults: { model: 'anthropic/a', models: { 'anthropic/a': { alias: 'Best', params: { temperature: 0 } } }, timeoutSeconds: 30, contextTokens: 50_000, thinkingDefault: 'low', userTimezone: 'Europe/Berlin' },
      list: [{ id: 'work', model: { primary: 'openai/b', fallbacks: ['anthropic/a'] }, thinkingDefault: 'high', tools: { deny: ['write'] }, groupChat: { mentionPatterns: ['\\bworky\\b'] } }, { id: 'home', default: true }],
    })
    expect(all.ids()).toEqual(['home', 'work'])
    expect(all.get('home')).toMatchObject({ models: { primary: 'anthropic/a', fallbacks: [] }, thinkingDefault: 'low', timeoutMs: 30_000, contextTokens: 50_000, workspace: join(stateDir, 'workspace'), tools: { deny: [] } })
    expect(all.get('work')).toMatchObject({ models: { primary: 'openai/b', fallbacks: ['anthropic/a'] }, thinkingDefault: 'high', workspace: join(stateDir, 'workspace-work'), tools: { deny: ['write'] }, mentionPatterns: ['\\bworky\\b'] })
    expect(all.defaults()).toMatchObject({ aliases: { best: 'anthropic/a' }, params: { 'anthropic/a': { temperature: 0 } } })
  })

  test('PTH-07: ids are short plain words', () => {
    for (const id of ['main', 'a', 'my-agent-2', 'x'.repeat(32)]) expect(taken({ list: [{ id }] })).toBe(true)
    for (const id of ['', '.', '..', 'a/b', 'a\\b', 'A', 'ä', '٣', 'a b', '-a', 'a-', 'x'.repeat(33), 'x'.repeat(300), 'a\n', 'a:b', 'a.b', '__proto__']) expect(taken({ list: [{ id }] })).toBe(false)
  })

  test('of two agents with one id the first stands, and it is said once', () => {
    const all = agents({ list: [{ id: 'a', name: 'First' }, { id: 'a', name: 'Second' }] })
    expect([all.get('a').name, all.get('a').name]).toEqual(['First', 'First'])
    expect(log.lines.filter((line) => line.level === 'warn')).toHaveLength(1)
  })

  test('a change of the file takes effect with the next call', () => {
    const all = agents({ list: [{ id: 'a', name: 'One' }] })
    written = { list: [{ id: 'a', name: 'Two' }] } satisfies { list: Partial<AgentsConfig['list'][number]>[] }
    expect(all.door.list()).toEqual([{ id: 'a', name: 'Two', emoji: null, workspace: join(stateDir, 'workspace'), isDefault: true }])
  })
})

describe('workspaces', () => {
  test('~ and ~/.moltbot are understood', () => {
    expect(agents({ defaults: { workspace: '~/clawd' } }).get('main').workspace).toBe(join(home, 'clawd'))
    expect(agents({ defaults: { workspace: '~/.moltbot/workspace-x' } }).get('main').workspace).toBe(join(stateDir, 'workspace-x'))
    expect(agents({ defaults: { workspace: '' } }).get('main').workspace).toBe(join(stateDir, 'workspace'))
  })

  test.each(['~/.moltbot', '~/.moltbot/credentials', '~/.moltbot/sessions/x', '/', '~/', '~/.moltbot/workspace/../credentials', 'relative/folder', '~/link', '~/link/credentials'])('%s is refused: it would hold the gateway\'s own files', (workspace) => {
    symlinkSync(stateDir, join(home, 'link'))
    const all = agents({ defaults: { workspace } })
    expect(() => all.get('main')).toThrow(expect.objectContaining({ code: 'workspace-refused' }))
    expect(all.door.list()).toMatchObject([{ id: 'main', workspace: '' }])
    all.seed()
    expect(readdirSync(stateDir)).toEqual([])
  })

  test('seeding makes private folders and files, once', () => {
    const all = agents()
    all.seed()
    const workspace = join(stateDir, 'workspace')
    expect(readdirSync(workspace).sort()).toEqual(['.moltbot', ...Object.keys(templates)].sort())
    expect(statSync(workspace).mode & 0o777).toBe(0o700)
    expect(statSync(join(workspace, 'SOUL.md')).mode & 0o777).toBe(0o600)
    unlinkSync(join(workspace, 'SOUL.md'))
    writeFileSync(join(workspace, 'USER.md'), 'Ada')
    all.seed()
    expect(existsSync(join(workspace, 'SOUL.md'))).toBe(false)
    expect(readFileSync(join(workspace, 'USER.md'), 'utf8')).toBe('Ada')
  })

  test('a seeding that was cut off is finished', () => {
    const workspace = join(stateDir, 'workspace')
    mkdirSync(join(workspace, '.moltbot'), { recursive: true })
    writeFileSync(join(workspace, '.moltbot/seeding'), '')
    writeFileSync(join(workspace, 'AGENTS.md'), 'mine')
    agents().seed()
    expect(readFileSync(join(workspace, 'AGENTS.md'), 'utf8')).toBe('mine')
    expect(readFileSync(join(workspace, 'SOUL.md'), 'utf8')).toBe(templates['SOUL.md'])
  })

  test('a folder that already holds something gets nothing', () => {
    mkdirSync(join(home, 'clawd'))
    writeFileSync(join(home, 'clawd/AGENTS.md'), 'mine')
    agents({ defaults: { workspace: '~/clawd' } }).seed()
    expect(readdirSync(join(home, 'clawd')).sort()).toEqual(['.moltbot', 'AGENTS.md'])
  })

  test('skipBootstrap makes the folder alone', () => {
    agents({ defaults: { skipBootstrap: true } }).seed()
    expect(readdirSync(join(stateDir, 'workspace'))).toEqual([])
  })

  test('a workspace that cannot be made is logged, the others are made', () => {
    writeFileSync(join(home, 'file'), '')
    agents({ list: [{ id: 'a', workspace: '~/file/inside' }, { id: 'b' }] }).seed()
    expect(log.lines).toMatchObject([{ level: 'error', facts: { agent: 'a' } }])
    expect(existsSync(join(stateDir, 'workspace-b/AGENTS.md'))).toBe(true)
  })
})

describe('prompt files', () => {
  test('come in their order, absent ones as undefined', async () => {
    const all = agents()
    all.seed()
    const files = await all.files('main')
    expect(files.map((file) => file.name)).toEqual([...promptFileNames])
    expect(files.filter((file) => file.text !== undefined).map((file) => file.name)).toEqual(['AGENTS.md', 'SOUL.md', 'IDENTITY.md', 'USER.md'])
  })

  test('links, second names, pipes and folders count as absent', async () => {
    const all = agents()
    all.seed()
    const workspace = join(stateDir, 'workspace')
    writeFileSync(join(home, 'secret'), 'CANARY')
    symlinkSync(join(home, 'secret'), join(workspace, 'TOOLS.md'))
    linkSync(join(home, 'secret'), join(workspace, 'HEARTBEAT.md'))
    execFileSync('mkfifo', [join(workspace, 'MEMORY.md')])
    mkdirSync(join(workspace, 'BOOTSTRAP.md'))
    expect(JSON.stringify(await all.files('main'))).not.toContain('CANARY')
    expect((await all.files('main')).filter((file) => file.text !== undefined)).toHaveLength(4)
  })

  test('name and sign come from IDENTITY.md unless configured, and follow its changes', () => {
    const all = agents()
    all.seed()
    expect(all.get('main')).toMatchObject({ name: 'Moltbot', emoji: '🦞' })
    const path = join(stateDir, 'workspace/IDENTITY.md')
    writeFileSync(path, '# Me\n- **Name:** Ruby\u202e\n- **Emoji:** 💎\n')
    utimesSync(path, 5, 5)
    expect(all.get('main')).toMatchObject({ name: 'Ruby', emoji: '💎' })
    written = { list: [{ id: 'main', name: 'Configured', identity: { emoji: '🐢', theme: 'calm' } }] }
    expect(all.get('main')).toMatchObject({ name: 'Configured', emoji: '🐢', theme: 'calm' })
    unlinkSync(path)
    written = {}
    expect(all.get('main')).toMatchObject({ name: 'main', emoji: null })
  })

  test('with a clock, name and place are looked at ten times a second at most, also when it is set back', () => {
    let now = 1_000
    written = {}
    let read: unknown = config.get(agentsSection)
    const all = createAgents({ config: { get: () => read } as unknown as typeof config, stateDir, home, log, now: () => now })
    all.seed()
    const path = join(stateDir, 'workspace/IDENTITY.md')
    const call = (name: string, at: number): string => {
      writeFileSync(path, `- **Name:** ${name}\n`)
      utimesSync(path, at, at)
      return all.get('main').name
    }
    expect(all.get('main').name).toBe('Moltbot')
    expect(call('Ruby', 5)).toBe('Moltbot')
    now += 100
    expect(call('Ruby', 6)).toBe('Ruby')
    expect(call('Opal', 7)).toBe('Ruby')
    now -= 60_000
    expect(call('Opal', 8)).toBe('Opal')
    written = { list: [{ id: 'main', name: 'Configured' }] }
    read = config.get(agentsSection)
    expect(all.get('main').name).toBe('Configured')
  })
})
