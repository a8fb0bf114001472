import { defineCommand, thinkingLevels } from '@moltbot/contract'

export const tui = defineCommand({
  name: 'tui',
  summary: 'Talk with your assistant in a full window of the terminal',
  topic: 'talk',
  description: 'Conversations, tools, questions and commands in one window. F1 or /keys shows every key; Ctrl-C twice leaves, and what stood in the terminal stands there again.\n\nWorks over SSH, from 40 columns, and without colour (NO_COLOR).',
  args: {},
  flags: {
    session: { kind: 'text', value: 'key', summary: 'Which conversation (default main)' },
    agent: { kind: 'text', value: 'id', summary: 'Which agent' },
    thinking: { kind: 'text', value: 'level', summary: 'How much it thinks before it answers', choices: thinkingLevels },
    history: { kind: 'number', value: 'count', summary: 'How many of the latest messages to show at first (default 100)', min: 1, max: 1_000 },
  },
  examples: ['tui', 'tui --session work'],
  async run({ flags }, context) {
    const { runTui } = await import('../tui/index.ts')
    const session = flags.session ?? (flags.agent === undefined ? 'main' : `agent:${flags.agent}:main`)
    return runTui(context, { session, history: flags.history ?? 100, ...(flags.thinking === undefined ? {} : { thinking: flags.thinking }) })
  },
})
