import { setConfig, testCheck } from '@moltbot/contract/testing'
import { modelsWeakTier } from './models-weak-tier.ts'

const subject = 'agents.defaults.model'
testCheck(modelsWeakTier, {
  faults: { 'small': { change: (facts) => setConfig(facts, subject, 'anthropic/claude-haiku-5-5'), finds: [{ subject }] } },
  harmless: { 'a word within a word': (facts) => setConfig(facts, subject, 'google/gemini-3.1-pro'), 'the built-in assistant': (facts) => void Object.assign(facts.live ?? {}, { model: 'builtin/assistant' }) },
})
