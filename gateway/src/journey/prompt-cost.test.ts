import type { Tool } from '@moltbot/contract'
import { tools as shelf } from '@moltbot/tools'
import { expect, test } from 'vitest'
import { ruleOnTools } from '../foundation/agents/index.ts'
import { templates } from '../foundation/agents/templates.ts'
import { estimatePrompt, estimateTokens } from './agent/estimate-tokens.ts'
import { buildSystemPrompt } from './agent/prompt.ts'
import { toolSpecs } from './run-agent.ts'

const offered = new Set(ruleOnTools(shelf, { profile: 'standard', profileOf: 'the profile', layers: [] }).flatMap(({ name, removedBy }) => (removedBy === null ? [name] : [])))
const tools = shelf.filter(({ name }) => offered.has(name))
const files = Object.entries(templates).map(([name, text]) => ({ name, text }))

/** The promise is 2,000 tokens; the margin is for a real tokenizer, which splits JSON finer than four bytes a token. */
const budget = 1_650

test.each(['direct', 'group'] as const)('a "hello" in a %s chat with the default tools and a fresh workspace stays within its budget', (kind) => {
  const system = buildSystemPrompt({ agent: { id: 'main', name: 'Moltbot', emoji: '🦞' }, files, tools: tools.map((tool) => tool.name), chat: { label: 'Telegram', kind }, date: '2026-11-22', timeZone: 'Europe/Berlin' })
  const specs = toolSpecs(tools as unknown as Tool[], { id: 'owner' as never, role: 'owner' })
  const text = kind === 'group' ? '[Ada Lovelace] hello' : 'hello'
  const tokens = estimatePrompt({ system, tools: specs, messages: [{ role: 'user', content: [{ type: 'text', text }] }] }, estimateTokens)
  expect(tokens).toBeLessThanOrEqual(budget)
  expect(tokens).toBeGreaterThan(500)
})
