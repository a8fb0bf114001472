/**
 * Slack, by an app of the operator's own. This package translates between Slack's events and Web API and the contract's messages:
 * it acknowledges what is durable, catches up on what was missed, renders mrkdwn, and says how the connection is. It never decides
 * who may speak, never keeps a conversation, and is the only place where Slack's SDK is used.
 */
import { defineChannel } from '@moltbot/contract'
import { slackSection } from './config.ts'
import { slackId } from './slack-id.ts'

export { slackSection, type SlackConfig } from './config.ts'

export const slack = defineChannel({
  id: slackId,
  label: 'Slack',
  config: slackSection,
  senders: 'platform',
  mediaFrom: ({ apiRoot }) => (URL.canParse(apiRoot) && new URL(apiRoot).host !== 'slack.com' ? { hosts: [], own: new URL(apiRoot).origin } : { hosts: ['files.slack.com'] }),
  // The SDK and the Markdown parser are loaded when there is an app to connect, and cost nothing before.
  connect: async (config, host) => (await import('./connect.ts')).connectSlack(config, host),
})

export default slack
