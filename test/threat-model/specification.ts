/**
 * The system the specification describes, as its threat model has it: every element and flow, and the controls it takes for granted.
 * It is the yardstick: nothing of it is ever dropped, also where this product has no such part yet.
 */
import type { Datum, Element, Flow, Model } from './model.ts'

export const data = {
  keys: { what: 'keys of providers', clearance: 'secret', credentials: true },
  messages: { what: 'messages of people', clearance: 'restricted', pii: true },
  answers: { what: 'answers of the assistant', clearance: 'restricted' },
  commands: { what: 'tool calls', clearance: 'restricted' },
  output: { what: 'results of tools', clearance: 'restricted' },
  settings: { what: 'the configuration', clearance: 'restricted' },
  media: { what: 'pictures and files', clearance: 'restricted' },
} as const satisfies Record<string, Datum>

const elements: readonly Element[] = [
  { id: 'gateway', name: 'Gateway server', kind: 'server', controls: ['isHardened', 'sanitizesInput', 'encodesOutput', 'authorizesSource', 'hasAccessControl'] },
  { id: 'cli', name: 'Command line', kind: 'server', controls: ['sanitizesInput'] },
  { id: 'macos', name: 'macOS app', kind: 'server', controls: ['hasAccessControl'] },
  { id: 'mobile', name: 'Mobile apps', kind: 'server', controls: ['authenticatesDestination'] },

  { id: 'agent', name: 'Agent runtime', kind: 'process', controls: ['sanitizesInput', 'hasAccessControl'] },
  { id: 'executor', name: 'Command executor', kind: 'process', controls: ['hasAccessControl'] },
  { id: 'approvals', name: 'Approvals', kind: 'process', controls: ['hasAccessControl'] },
  { id: 'router', name: 'Channel router', kind: 'process', controls: ['sanitizesInput'] },
  { id: 'plugins', name: 'Plugin loader', kind: 'process' },
  { id: 'media', name: 'Media processor', kind: 'process', controls: ['sanitizesInput'] },

  { id: 'cron', name: 'Scheduled work', kind: 'scheduled', controls: ['hasAccessControl'] },
  { id: 'updates', name: 'Look for updates', kind: 'scheduled' },
  { id: 'health', name: 'Health monitor', kind: 'scheduled' },

  { id: 'config-store', name: 'Configuration', kind: 'store', controls: ['hasAccessControl'], clearance: 'restricted' },
  { id: 'credential-store', name: 'Credentials', kind: 'store', controls: ['hasAccessControl'], clearance: 'secret' },
  { id: 'session-store', name: 'Sessions', kind: 'store', controls: ['hasAccessControl'], clearance: 'restricted' },
  { id: 'whatsapp-store', name: 'Login of WhatsApp', kind: 'store', clearance: 'secret' },
  { id: 'runtime-state', name: 'State in memory', kind: 'store' },

  { id: 'anthropic', name: 'Anthropic', kind: 'outside' },
  { id: 'openai', name: 'OpenAI', kind: 'outside' },
  { id: 'discord', name: 'Discord', kind: 'outside' },
  { id: 'telegram', name: 'Telegram', kind: 'outside' },
  { id: 'slack', name: 'Slack', kind: 'outside' },
  { id: 'whatsapp', name: 'WhatsApp', kind: 'outside' },
  { id: 'signal', name: 'Signal daemon', kind: 'outside' },
  { id: 'imessage', name: 'iMessage', kind: 'outside' },
  { id: 'tailscale', name: 'Tailscale', kind: 'outside' },

  { id: 'user', name: 'Somebody who writes', kind: 'person' },
  { id: 'owner', name: 'The owner of the device', kind: 'person' },
  { id: 'stranger', name: 'Somebody on a channel', kind: 'person' },
]

const flow = (from: string, to: string, what: string, datum?: Datum, more: Partial<Flow> = {}): Flow => ({ id: `${from}→${to}`, from, to, what, ...(datum === undefined ? {} : { data: datum }), ...more })
const https = { has: ['overHttps'] } as const

const flows: readonly Flow[] = [
  flow('cli', 'gateway', 'commands', data.messages),
  flow('macos', 'gateway', 'the app on macOS', data.messages),
  flow('mobile', 'gateway', 'the apps on telephones', data.messages),

  flow('discord', 'gateway', 'messages in', data.messages),
  flow('telegram', 'gateway', 'messages in', data.messages, https),
  flow('slack', 'gateway', 'messages in', data.messages),
  flow('whatsapp', 'gateway', 'messages in', data.messages),
  flow('signal', 'gateway', 'messages in', data.messages),

  flow('gateway', 'anthropic', 'a prompt', data.messages, https),
  flow('anthropic', 'gateway', 'an answer', data.answers, { ...https, answers: 'gateway→anthropic' }),
  flow('gateway', 'openai', 'a prompt', data.messages, https),

  flow('gateway', 'agent', 'a message to work on', data.messages),
  flow('agent', 'executor', 'a command to run', data.commands),
  flow('executor', 'agent', 'its result', data.output, { answers: 'agent→executor' }),
  flow('agent', 'approvals', 'a question for a person', data.commands),
  flow('approvals', 'owner', 'the question', data.commands),

  flow('gateway', 'discord', 'messages out', data.answers, https),
  flow('gateway', 'telegram', 'messages out', data.answers, https),
  flow('gateway', 'slack', 'messages out', data.answers, https),
  flow('gateway', 'whatsapp', 'messages out', data.answers),

  flow('credential-store', 'gateway', 'keys', data.keys),
  flow('gateway', 'session-store', 'a conversation is kept', data.messages),
  flow('session-store', 'gateway', 'a conversation is read', data.messages, { answers: 'gateway→session-store' }),
  flow('config-store', 'gateway', 'settings are read', data.settings),
  flow('cli', 'config-store', 'settings are changed', data.settings),

  flow('whatsapp', 'media', 'attachments', data.media),
  flow('media', 'agent', 'what was made of them', data.media),
  flow('plugins', 'gateway', 'a plugin registers'),
  flow('tailscale', 'gateway', 'from other machines', data.messages),
]

export const specification: Model = { elements, flows }
