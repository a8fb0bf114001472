import { setConfig, testCheck } from '@moltbot/contract/testing'
import { modelsLegacy } from './models-legacy.ts'

const subject = 'agents.defaults.model'
testCheck(modelsLegacy, {
  faults: {
    'chosen': { change: (facts) => setConfig(facts, subject, 'anthropic/claude-3-5-sonnet-latest'), finds: [{ subject }] },
    'as a fallback': { change: (facts) => setConfig(facts, subject, { primary: 'anthropic/claude-sonnet-5-5', fallbacks: ['openai/gpt-3.5-turbo'] }), finds: [{ subject, evidence: /gpt-3\.5/ }] },
    'of one agent': { change: (facts) => setConfig(facts, 'agents.list', [{ id: 'main' }, { id: 'two', model: 'openrouter/google/gemini-1.5-pro' }]), finds: [{ subject: 'agents.list[1].model' }] },
    'chosen by itself': { change: (facts) => void Object.assign(facts.live ?? {}, { model: 'openai/gpt-4-turbo' }), finds: [{ subject: 'openai/gpt-4-turbo' }] },
  },
  harmless: { 'newer ones with similar names': (facts) => setConfig(facts, subject, { primary: 'openai/gpt-4.1', fallbacks: ['anthropic/claude-opus-5-5', 'google/gemini-3.1-pro-preview', 'ollama/llama4'] }) },
})
