import { defineMethod } from '../method.ts'
import { chatHistory as read, HistoryParams, HistoryResult } from '../wire/chat-history.ts'

export const chatStartup = defineMethod({
  name: 'chat.startup',
  scope: 'operator.read',
  summary: 'What a chat page needs first: the same page as chat.history.',
  params: HistoryParams,
  result: HistoryResult,
  handle: read,
})
