import { testOwnDoor } from '@moltbot/contract/testing'
import { terminal } from './index.ts'

testOwnDoor(terminal)
