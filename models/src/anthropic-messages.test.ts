import { testModel } from '@moltbot/contract/testing'
import format from './anthropic-messages.ts'
import { serveIn } from './testing/wire-server.ts'

testModel('anthropic-messages', { format, serve: serveIn('anthropic-messages') })
