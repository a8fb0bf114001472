import { setConfig, testCheck } from '@moltbot/contract/testing'
import { modelsBaseUrlInsecure } from './models-base-url-insecure.ts'

testCheck(modelsBaseUrlInsecure, {
  faults: {
    'with a key': { change: (facts) => setConfig(facts, 'models.providers.own', { baseUrl: 'http://gpu.example.org:8000/v1', apiKey: '__MOLTBOT_REDACTED__' }), finds: [{ subject: 'models.providers.own.baseUrl' }] },
    'without a key, on the home network': { change: (facts) => setConfig(facts, 'models.providers', { 'my.box': { baseUrl: 'http://192.168.1.9:11434' } }), finds: [{ subject: 'models.providers["my.box"].baseUrl', severity: 'warn' }] },
  },
  harmless: { 'this machine': (facts) => setConfig(facts, 'models.providers.ollama', { baseUrl: 'http://localhost:11434' }), 'a tailnet': (facts) => setConfig(facts, 'models.providers.own', { baseUrl: 'http://gpu.tail1.ts.net:8000' }) },
})
