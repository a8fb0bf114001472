import { language } from '../text.ts'

/** `words` is the length of time in words; whole days and weeks have a word of their own. */
type Every = (ms: number, words: string) => string
const dayMs = 86_400_000

const every: Every = (ms, words) => (ms === dayMs ? 'daily' : ms === 7 * dayMs ? 'weekly' : `every ${words}`)
const english = {
  house: 'What the gateway does by itself',
  houseHint: 'Each with what came of it last. The time of the next does not change when you have it done now.',
  none: 'This gateway does nothing by itself.',
  every,
  off: 'off',
  running: 'being done',
  failed: 'failed',
  last: (when: string) => `Last ${when}`,
  lastFailed: (when: string) => `Failed ${when}`,
  asked: 'on request',
  never: 'Not done yet.',
  next: (when: string) => `Next ${when}.`,
  now: 'now',
  run: 'Do it now',
  runOf: (name: string) => `Do it now: ${name}`,
  ran: (name: string, words: string) => `${name}: ${words}`,
  runFailed: (name: string, words: string) => `${name} failed: ${words}`,
  busy: (name: string) => `${name} is being done already.`,
  setting: (key: string) => `Setting: ${key}`,
  earlier: 'Earlier runs',
  earlierOf: (name: string) => `Earlier runs: ${name}`,
  earlierNone: 'None.',
  own: 'Jobs of your own',
  ownWords: 'Not there yet: what the assistant should do for you at certain times cannot be set up so far.',
  beside: 'Needs no job: questions, invitations and sign-ins run out by their own time, the log starts a new file when one is full, and memory is indexed when something is looked for.',
  /** By id; what is not here is shown in the gateway's own words. */
  jobs: {
    'house:backup': ['Backup', 'Writes everything into one sealed file that only its recipients can open, and removes the oldest of those that made themselves.'],
    'house:review': ['Security review', 'Looks at this installation with every check, and tells you what is critical.'],
    'house:checkpoint': ['Checkpoint of the record', 'Signs where the record stands and anchors it outside the database, so that nobody can shorten it unseen. Where nothing was recorded since, nothing is signed.'],
    'house:retention': ['Forgetting of the record', 'Drops entries of the record that are older than they are to be kept, with a signed checkpoint in their place.'],
  } as Record<string, readonly [name: string, what: string]>,
}
export type AutomationsText = typeof english

const german: AutomationsText = {
  house: 'Was das Gateway von selbst tut',
  houseHint: 'Jeweils mit dem letzten Ergebnis. Wann es das nächste Mal von selbst geschieht, ändert sich nicht, wenn Sie es jetzt erledigen lassen.',
  none: 'Dieses Gateway tut nichts von selbst.',
  every: (ms, words) => (ms === dayMs ? 'täglich' : ms === 7 * dayMs ? 'wöchentlich' : `alle ${words}`),
  off: 'aus',
  running: 'läuft',
  failed: 'fehlgeschlagen',
  last: (when) => `Zuletzt ${when}`,
  lastFailed: (when) => `Fehlgeschlagen ${when}`,
  asked: 'auf Wunsch',
  never: 'Noch nicht geschehen.',
  next: (when) => `Als Nächstes ${when}.`,
  now: 'jetzt',
  run: 'Jetzt erledigen',
  runOf: (name) => `Jetzt erledigen: ${name}`,
  ran: (name, words) => `${name}: ${words}`,
  runFailed: (name, words) => `${name} ist fehlgeschlagen: ${words}`,
  busy: (name) => `${name} läuft schon.`,
  setting: (key) => `Einstellung: ${key}`,
  earlier: 'Frühere Läufe',
  earlierOf: (name) => `Frühere Läufe: ${name}`,
  earlierNone: 'Keine.',
  own: 'Eigene Aufträge',
  ownWords: 'Gibt es noch nicht: Was der Assistent zu bestimmten Zeiten für Sie tun soll, lässt sich bisher nicht einrichten.',
  beside: 'Braucht keinen Auftrag: Fragen, Einladungen und Anmeldungen laufen von selbst ab, das Protokoll beginnt eine neue Datei, wenn eine voll ist, und das Gedächtnis wird geordnet, wenn etwas gesucht wird.',
  jobs: {
    'house:backup': ['Sicherung', 'Schreibt alles in eine versiegelte Datei, die nur ihre Empfänger öffnen können, und entfernt die ältesten von denen, die so entstanden sind.'],
    'house:review': ['Sicherheitsprüfung', 'Sieht sich diese Installation mit jeder Prüfung an und sagt Ihnen, was kritisch ist.'],
    'house:checkpoint': ['Siegel der Aufzeichnung', 'Unterschreibt, wie weit die Aufzeichnung reicht, und verankert das außerhalb der Datenbank, damit niemand sie unbemerkt kürzen kann. Wo nichts Neues steht, wird nichts unterschrieben.'],
    'house:retention': ['Vergessen der Aufzeichnung', 'Entfernt Einträge, die älter sind, als sie bleiben sollen; an ihrer Stelle bleibt ein unterschriebenes Siegel.'],
  },
}

export const automationsTexts = { english, german }
export const automationsText: AutomationsText = language === 'de' ? german : english
