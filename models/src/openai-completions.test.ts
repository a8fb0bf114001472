import { testModel } from '@moltbot/contract/testing'
import format from './openai-completions.ts'
import { serveIn } from './testing/wire-server.ts'

testModel('openai-completions', { format, serve: serveIn('openai-completions') })
