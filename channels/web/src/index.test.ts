import { testOwnDoor } from '@moltbot/contract/testing'
import { web } from './index.ts'

testOwnDoor(web)
