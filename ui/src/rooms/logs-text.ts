import { language } from '../text.ts'

const english = {
  hint: 'What the gateway writes down while it works, secrets blackened. The record of decisions is another thing: see Security.',
  level: 'From',
  levels: { TRACE: 'Everything', DEBUG: 'Details', INFO: 'Information', WARN: 'Warnings', ERROR: 'Errors' } as Record<string, string>,
  names: { TRACE: 'trace', DEBUG: 'detail', INFO: 'info', WARN: 'warning', ERROR: 'error', FATAL: 'fatal' } as Record<string, string>,
  part: 'Part',
  everyPart: 'All parts',
  find: 'Find in the log',
  pause: 'Pause',
  go: 'Go on',
  paused: (count: number) => (count === 0 ? 'Paused' : count === 1 ? 'Paused, 1 new line waits' : `Paused, ${count} new lines wait`),
  live: 'Live',
  copy: 'Copy what is shown',
  toEnd: 'To the newest',
  none: 'Nothing was logged yet.',
  noMatch: 'No line matches.',
  count: (shown: number, all: number) => (shown === all ? `${all} lines` : `${shown} of ${all} lines`),
  cut: 'Older lines are in the file.',
  restarted: 'The log began anew.',
  region: 'Log lines',
  wrap: 'Wrap long lines',
}
export type LogsText = typeof english

const german: LogsText = {
  hint: 'Was das Gateway beim Arbeiten notiert, Geheimnisse geschwärzt. Die Aufzeichnung der Entscheidungen ist etwas anderes: siehe Sicherheit.',
  level: 'Ab',
  levels: { TRACE: 'Alles', DEBUG: 'Einzelheiten', INFO: 'Hinweise', WARN: 'Warnungen', ERROR: 'Fehler' },
  names: { TRACE: 'Spur', DEBUG: 'Einzelheit', INFO: 'Hinweis', WARN: 'Warnung', ERROR: 'Fehler', FATAL: 'Absturz' },
  part: 'Teil',
  everyPart: 'Alle Teile',
  find: 'Im Protokoll suchen',
  pause: 'Anhalten',
  go: 'Weiter',
  paused: (count) => (count === 0 ? 'Angehalten' : count === 1 ? 'Angehalten, 1 neue Zeile wartet' : `Angehalten, ${count} neue Zeilen warten`),
  live: 'Laufend',
  copy: 'Gezeigtes kopieren',
  toEnd: 'Zum Neuesten',
  none: 'Noch wurde nichts notiert.',
  noMatch: 'Keine Zeile passt.',
  count: (shown, all) => (shown === all ? `${all} Zeilen` : `${shown} von ${all} Zeilen`),
  cut: 'Ältere Zeilen stehen in der Datei.',
  restarted: 'Das Protokoll begann neu.',
  region: 'Zeilen des Protokolls',
  wrap: 'Lange Zeilen umbrechen',
}

export const logsTexts = { english, german }
export const logsText: LogsText = language === 'de' ? german : english
