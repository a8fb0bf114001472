import { setConfig, testCheck } from '@moltbot/contract/testing'
import { modelsSmallParams } from './models-small-params.ts'

const subject = 'agents.defaults.model'
testCheck(modelsSmallParams, {
  faults: {
    'three billion': { change: (facts) => setConfig(facts, subject, 'ollama/qwen4:3b'), finds: [{ subject, evidence: /3 billion/ }] },
    'fourteen billion': { change: (facts) => setConfig(facts, subject, 'lmstudio/phi-6-14b-instruct'), finds: [{ subject, severity: 'info' }] },
  },
  harmless: { 'eight experts of twenty-two': (facts) => setConfig(facts, subject, 'own/mixtral-8x22b'), 'a size that is none': (facts) => setConfig(facts, subject, 'own/model-4bit') },
})
