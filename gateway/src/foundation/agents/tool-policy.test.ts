import { describe, expect, test } from 'vitest'
import { ruleOnTools, toolGroups, unknownToolNames, type ToolPolicy } from './tool-policy.ts'

const shelf = ['apply_patch', 'edit', 'list', 'memory', 'message', 'process', 'read', 'run', 'sessions', 'status', 'web_fetch', 'write'].map((name) => ({
  name, ...(name === 'run' ? { aliases: ['exec'] } : name === 'memory' ? { aliases: ['memory_search'] } : {}),
}))
const policy = (over: Partial<ToolPolicy> = {}): ToolPolicy => ({ profile: 'standard', profileOf: 'the profile', layers: [], ...over })
const left = (over: Partial<ToolPolicy>) => ruleOnTools(shelf, policy(over)).filter(({ removedBy }) => removedBy === null).map(({ name }) => name)
const why = (name: string, over: Partial<ToolPolicy>) => ruleOnTools(shelf, policy(over)).find((each) => each.name === name)?.removedBy

describe('tool profiles', () => {
  test('each profile has what its name says', () => {
    expect(left({ profile: 'minimal' })).toEqual(['status'])
    expect(left({ profile: 'messaging' })).toEqual(['memory', 'message', 'sessions', 'status'])
    expect(left({ profile: 'coding' })).not.toContain('message')
    expect(left({ profile: 'standard' })).not.toContain('sessions')
    expect(left({ profile: 'full' })).toEqual(shelf.map(({ name }) => name))
  })
  test('deny wins over allow and alsoAllow, in whatever layer', () => {
    expect(left({ layers: [{ name: 'tools', lists: { allow: ['run', 'read'], alsoAllow: ['run'], deny: ['run'] } }] })).toEqual(['read'])
    expect(left({ layers: [{ name: 'tools', lists: { deny: ['group:fs'] } }, { name: 'agent', lists: { alsoAllow: ['read'] } }] })).not.toContain('read')
  })
  test('a later layer only narrows', () => {
    expect(left({ layers: [{ name: 'tools', lists: { allow: ['read'] } }, { name: 'agent', lists: { allow: ['read', 'write'] } }] })).toEqual(['read'])
    expect(left({ layers: [{ name: 'tools', lists: { allow: ['*'] } }, { name: 'the person', lists: { deny: ['*'] } }] })).toEqual([])
  })
  test('alsoAllow adds to a profile, also beside allow', () => {
    expect(left({ profile: 'minimal', layers: [{ name: 'tools', lists: { alsoAllow: ['group:web'] } }] })).toEqual(['status', 'web_fetch'])
    expect(left({ profile: 'minimal', layers: [{ name: 'tools', lists: { allow: ['status'], alsoAllow: ['read'] } }] })).toEqual(['read', 'status'])
  })
  test('other names, groups and capitals mean the tool', () => {
    expect(left({ layers: [{ name: 'tools', lists: { allow: ['EXEC', ' memory_search ', 'group:messaging'] } }] })).toEqual(['memory', 'message', 'run'])
    expect(Object.values(toolGroups).flat().length).toBe(new Set(Object.values(toolGroups).flat()).size)
  })
  test('says which layer took a tool away', () => {
    const layers = [{ name: 'tools', lists: { deny: ['write'] } }, { name: 'agents.list.work.tools', lists: { allow: ['read', 'run'] } }]
    expect(why('write', { layers })).toBe('tools.deny')
    expect(why('edit', { layers })).toBe('agents.list.work.tools.allow')
    expect(why('sessions', {})).toBe('the profile standard')
    expect(why('run', { except: { name: 'a sub-agent', deny: ['run'] } })).toBe('a sub-agent')
    expect(why('read', { layers })).toBeNull()
  })
  test('names that mean nothing are told with their list; an allow list of only such names allows nothing', () => {
    const layers = [{ name: 'tools', lists: { allow: ['reed'], deny: ['group:everything', 'write'] } }]
    expect(unknownToolNames(shelf, { layers })).toEqual([{ list: 'tools.allow', name: 'reed' }, { list: 'tools.deny', name: 'group:everything' }])
    expect(left({ layers })).toEqual([])
  })
})
