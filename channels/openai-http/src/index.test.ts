import { testOwnDoor } from '@moltbot/contract/testing'
import { openaiHttp } from './index.ts'

testOwnDoor(openaiHttp)
