/**
 * The files that take longest, the longest first, as whole runs on two processors measured them. They begin before all others, so that at the
 * end no processor waits for one long file that began last: a fresh clone knows no durations, and goes by the size of a file.
 */
export const longest = [
  'ui/test/everybody.test.ts', 'channels/signal/src/index.test.ts', 'ui/test/page.test.ts', 'ui/test/rooms.test.ts', 'test/process/operator-guide.test.ts', 'test/attacks/sbx.test.ts',
  'test/attacks/sbx-browser.test.ts', 'test/attacks/inj.test.ts', 'channels/whatsapp/src/index.test.ts', 'ui/test/companion-files.test.ts', 'test/attacks/dur.test.ts', 'test/attacks/slow-patterns.test.ts',
  'test/attacks/ui.test.ts', 'channels/slack/src/index.test.ts', 'test/attacks/dos.test.ts', 'test/attacks/org.test.ts', 'test/attacks/chn.test.ts', 'channels/whatsapp/src/whatsapp.test.ts', 'test/attacks/bak.test.ts',
  'channels/telegram/src/index.test.ts', 'ui/test/rooms-at-work.test.ts', 'test/attacks/dos-day.test.ts', 'test/attacks/cfg.test.ts', 'test/attacks/sbx-containers.test.ts', 'ui/test/long-conversation.test.ts',
  'test/attacks/aud.test.ts', 'test/attacks/med.test.ts', 'gateway/src/foundation/remote/remote.test.ts', 'test/attacks/net.test.ts', 'test/attacks/inj-browser.test.ts', 'test/process/cli.test.ts',
  'channels/imessage/src/index.test.ts', 'test/attacks/aut.test.ts', 'gateway/src/journey/sandbox/workspace-files.test.ts', 'test/process/tui.test.ts', 'test/attacks/wsf.test.ts', 'test/attacks/http-parsing.test.ts',
  'test/journeys/a-full-context-is-summarised-and-answered.test.ts', 'test/journeys/what-telegram-refuses-or-fails-is-sent-all-the-same.test.ts', 'test/attacks/dos-loop.test.ts', 'test/properties/rendering.test.ts',
  'test/journeys/stop-storm.test.ts', 'test/attacks/crd.test.ts', 'channels/discord/src/index.test.ts', 'test/journeys/a-page-is-used-in-a-real-browser.test.ts',
]
