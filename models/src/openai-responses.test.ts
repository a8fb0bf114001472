import { testModel } from '@moltbot/contract/testing'
import format from './openai-responses.ts'
import { serveIn } from './testing/wire-server.ts'

testModel('openai-responses', { format, serve: serveIn('openai-responses') })
