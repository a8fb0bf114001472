import { sampleStateDir, testCheck } from '@moltbot/contract/testing'
import { secretsEnvInvalid } from './secrets-env-invalid.ts'

testCheck(secretsEnvInvalid, {
  faults: { 'an open quote': { change: (facts) => void (facts.secretsFault = 'secrets.env, line 3: the double quote is not closed.'), finds: [{ subject: `${sampleStateDir}/secrets.env`, evidence: /line 3: the double quote is not closed\. The/ }] } },
})
