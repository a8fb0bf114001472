import { tools } from '@moltbot/tools'
import { expect, test } from 'vitest'
import { templates } from '../../foundation/agents/templates.ts'
import { estimatePrompt, estimateTokens } from './estimate-tokens.ts'
import { buildSystemPrompt } from './prompt.ts'

const files = Object.entries(templates).map(([name, text]) => ({ name, text }))

/** The promise is 2,000; the margin is for a real tokenizer, which splits JSON finer than four bytes a token. */
const budget = 1_500

test.each(['direct', 'group'] as const)('a "hello" in a %s chat with the default tools and a fresh workspace stays within its budget', (kind) => {
  const system = buildSystemPrompt({ agent: { id: 'main', name: 'Moltbot', emoji: '🦞' }, files, tools: tools.map((tool) => tool.name), chat: { label: 'Telegram', kind }, date: '2026-11-22', timeZone: 'Europe/Berlin' })
  const specs = tools.map((tool) => ({ name: tool.name, description: tool.description, input: JSON.parse(JSON.stringify(tool.input)) as Record<string, unknown> }))
  const text = kind === 'group' ? '[Ada Lovelace] hello' : 'hello'
  const tokens = estimatePrompt({ system, tools: specs, messages: [{ role: 'user', content: [{ type: 'text', text }] }] }, estimateTokens)
  expect(tokens).toBeLessThanOrEqual(budget)
  expect(tokens).toBeGreaterThan(500)
})
