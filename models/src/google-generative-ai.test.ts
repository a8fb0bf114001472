import { testModel } from '@moltbot/contract/testing'
import format from './google-generative-ai.ts'
import { serveIn } from './testing/wire-server.ts'

testModel('google-generative-ai', { format, serve: serveIn('google-generative-ai'), lacks: ['malformed', 'cache-write'] })
