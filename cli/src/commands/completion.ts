import { defineCommand, exitCodes } from '@moltbot/contract'
import { completionScript } from '../completion-script.ts'
import { groups } from '../groups.ts'

export const completion = defineCommand({
  name: 'completion',
  summary: 'Print a script that completes commands and flags in your shell',
  topic: 'shell',
  description: 'bash: moltbot completion bash > ~/.local/share/bash-completion/completions/moltbot\n\nzsh: moltbot completion zsh > "${fpath[1]}/_moltbot"\n\nfish: moltbot completion fish > ~/.config/fish/completions/moltbot.fish',
  args: {
    shell: { summary: 'Which shell', required: true, choices: ['bash', 'zsh', 'fish'] },
  },
  flags: {},
  examples: ['completion bash'],
  async run({ args }, { terminal, commands }) {
    terminal.out(completionScript(args.shell, await commands(), groups))
    return exitCodes.ok
  },
})
