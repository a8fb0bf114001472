import type { CommandTopic } from '@moltbot/contract'

/** What help says about a group of commands, and under which heading. */
export interface CommandGroup { summary: string; topic: CommandTopic }

export const groups: Readonly<Record<string, CommandGroup>> = {
  audit: { summary: 'The record: what was done and refused, and proof that nobody changed it', topic: 'look' },
  backup: { summary: 'Everything in one sealed file, and the way back', topic: 'start' },
  channels: { summary: 'How the messaging networks are connected', topic: 'look' },
  config: { summary: 'Read and change the configuration', topic: 'settings' },
  cron: { summary: 'What is done at set times: your jobs, and what the gateway does by itself', topic: 'talk' },
  devices: { summary: 'Apps and computers that may connect', topic: 'people' },
  egress: { summary: 'What leaves this machine through tools', topic: 'look' },
  gateway: { summary: 'Run the gateway and look after it', topic: 'start' },
  login: { summary: 'Browsers that are signed in, and how they sign in', topic: 'people' },
  message: { summary: 'Send words to a chat without the assistant', topic: 'talk' },
  models: { summary: 'Which model answers', topic: 'settings' },
  pairing: { summary: 'People who asked to talk to your assistant', topic: 'people' },
  people: { summary: 'Who may talk to your assistant, and what they may do', topic: 'people' },
  sandbox: { summary: 'How commands are kept apart from this machine', topic: 'look' },
  security: { summary: 'How safe the installation is', topic: 'look' },
  sessions: { summary: 'Conversations and their history', topic: 'look' },
  vault: { summary: 'Keys and tokens, sealed', topic: 'settings' },
}
