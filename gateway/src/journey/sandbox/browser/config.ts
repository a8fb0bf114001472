import { defineSection } from '@moltbot/contract'
import { Type, type Static } from 'typebox'

/** The browser of the tool `browser`. There is no key that starts it outside the sandbox. */
export const browserSection = defineSection({
  path: 'browser',
  title: 'The browser of the assistant',
  reload: 'hot',
  schema: Type.Object({
    enabled: Type.Boolean({ default: true, description: 'Whether agents may use a browser, where their tools name `browser`.' }),
    executablePath: Type.Optional(Type.String({ minLength: 2, maxLength: 1_024, pattern: '^/', description: 'The Chromium to start. Absent: the one of the system.' })),
    idleMinutes: Type.Integer({ default: 5, minimum: 1, maximum: 1_440, description: 'A browser that nobody used for so long is closed, in minutes. What it was signed in to stays.' }),
    tabsMax: Type.Integer({ default: 8, minimum: 1, maximum: 64, description: 'The most open tabs of one browser; further ones are closed at once.' }),
    browsersMax: Type.Integer({ default: 2, minimum: 1, maximum: 32, description: 'The most browsers open at one time; the one that was used longest ago is closed for the next.' }),
    navigationSeconds: Type.Integer({ default: 30, minimum: 1, maximum: 90, description: 'How long a page may take to open, in seconds.' }),
    actionSeconds: Type.Integer({ default: 10, minimum: 1, maximum: 60, description: 'How long a click or an input may wait for its place on the page, in seconds.' }),
    snapshotChars: Type.Integer({ default: 20_000, minimum: 1_000, maximum: 55_000, description: 'The most of one page that is shown at once, in characters.' }),
    downloadMb: Type.Integer({ default: 50, minimum: 1, maximum: 500, description: 'The largest file that is taken from a page, in MiB.' }),
    profileMb: Type.Integer({ default: 1_024, minimum: 64, maximum: 102_400, description: 'How much one use of the browser may make the disk fuller, in MiB; beyond that it is ended.' }),
    memoryMb: Type.Integer({ default: 2_048, minimum: 256, maximum: 1_048_576, description: 'The most memory of one browser with all its processes, in MiB; beyond that it is ended.' }),
  }, { default: {} }),
})
export type BrowserConfig = Static<typeof browserSection.schema>
