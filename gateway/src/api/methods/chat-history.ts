import { defineMethod } from '../method.ts'
import { chatHistory as read, HistoryParams, HistoryResult } from '../wire/chat-history.ts'

export const chatHistory = defineMethod({
  name: 'chat.history',
  scope: 'operator.read',
  summary: 'The last messages of a session, oldest first; at most 1,000 messages and 6 MiB.',
  params: HistoryParams,
  result: HistoryResult,
  handle: read,
})
