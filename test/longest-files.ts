/**
 * The files that take longest, the longest first, as whole runs on two processors measured them. They begin before all others, so that at the
 * end no processor waits for one long file that began last: a fresh clone knows no durations, and goes by the size of a file.
 */
export const longest = [
  'ui/test/everybody.test.ts', 'test/attacks/sbx-browser.test.ts', 'ui/test/page.test.ts', 'test/process/operator-guide.test.ts', 'ui/test/rooms.test.ts', 'channels/signal/src/index.test.ts', 'ui/test/right-to-left.test.ts', 'test/attacks/sbx.test.ts',
  'test/attacks/chn-faults.test.ts', 'test/attacks/inj.test.ts', 'test/attacks/dur.test.ts', 'test/attacks/aud.test.ts', 'ui/test/companion-files.test.ts', 'test/attacks/med.test.ts', 'test/attacks/shell-fuzz.test.ts', 'test/attacks/net.test.ts', 'test/attacks/sec-canary.test.ts',
  'test/attacks/slow-patterns.test.ts', 'test/attacks/ui.test.ts', 'test/attacks/cfg.test.ts', 'test/attacks/dos-day.test.ts', 'test/process/cli.test.ts', 'test/attacks/dos.test.ts', 'channels/slack/src/index.test.ts', 'ui/test/rooms-at-work.test.ts', 'test/attacks/aut.test.ts',
  'test/process/tui.test.ts', 'gateway/src/journey/sandbox/workspace-files.test.ts', 'channels/telegram/src/index.test.ts', 'test/attacks/bak.test.ts', 'channels/whatsapp/src/whatsapp.test.ts', 'ui/test/long-conversation.test.ts', 'channels/whatsapp/src/index.test.ts',
  'test/attacks/ops-review.test.ts', 'test/attacks/sbx-containers.test.ts', 'test/attacks/ops-files.test.ts', 'test/attacks/org.test.ts', 'test/attacks/inj-browser.test.ts', 'channels/imessage/src/index.test.ts', 'test/attacks/exe.test.ts', 'test/journeys/everyday-tasks-pass.test.ts',
  'test/attacks/chn.test.ts', 'models/src/openai-completions.test.ts', 'gateway/src/foundation/egress/create-web.test.ts', 'models/src/anthropic-messages.test.ts', 'models/src/openai-responses.test.ts', 'models/src/google-generative-ai.test.ts', 'channels/discord/src/index.test.ts',
  'channels/discord/src/discord.test.ts', 'test/attacks/wsf.test.ts', 'test/attacks/inj-turns.test.ts', 'channels/telegram/src/telegram.test.ts', 'gateway/src/foundation/remote/remote.test.ts', 'gateway/src/api/methods/vault-export.test.ts', 'scripts/release.test.ts',
  'test/attacks/http-parsing.test.ts', 'test/journeys/a-page-is-used-in-a-real-browser.test.ts',
]
