import type { Language } from './intents.ts'

/** What the built-in assistant says, in the languages it knows. Plain facts; it never pretends to be more than it is. */
export interface Phrases {
  greeting: string
  thanks: string
  goodbye: string
  whoAreYou: string
  help: string
  addModel: string
  unknown: string
  empty: string
  imagesUnseen: string
  reminder: string
  noRemove: (folder: string) => string
  cannot: (what: string) => string
  failed: (error: string) => string
  noteKept: (text: string, path: string) => string
  noNotes: string
  notes: (count: number) => string
  notesFound: (text: string, count: number) => string
  noNoteFound: (text: string) => string
  fileEmpty: (path: string) => string
  fileIs: (path: string) => string
  listIs: (path: string) => string
  listEmpty: (path: string) => string
  found: (text: string) => string
  notFound: (text: string) => string
  statusIs: string
  time: (time: string) => string
  noTime: string
  weekday: (day: string, weekday: string) => string
  today: (day: string, weekday: string) => string
  noToday: string
  noSuchDay: (text: string) => string
  daysBetween: (from: string, to: string, days: number) => string
  dayIs: (day: string, weekday: string) => string
  sumWrong: Record<'syntax' | 'division-by-zero' | 'too-large' | 'not-real', string>
  tools: Record<'read' | 'write' | 'edit' | 'list' | 'search' | 'status', string>
}

const addModelEn = [
  'Three ways to give me a real language model:',
  '',
  '1. **Guided:** run `moltbot onboard` in a terminal.',
  '2. **With an API key:** put a line like `ANTHROPIC_API_KEY=…` into `~/.moltbot/secrets.env` (also `OPENAI_API_KEY`, `GOOGLE_API_KEY`, `OPENROUTER_API_KEY` and others), then run `moltbot gateway restart`.',
  '3. **On this machine, without a key:** start [Ollama](https://ollama.com) (or LM Studio, llama.cpp, vLLM) with a model, for example `ollama run qwen3`. The gateway finds it within a minute.',
  '',
  'To choose among several: `moltbot models list`, then `moltbot models set anthropic/claude-sonnet-5-5`. In a chat, `/model` changes it for that session only.',
  '',
  'Never send a key into a chat: chats are stored.',
].join('\n')

const addModelDe = [
  'Drei Wege zu einem richtigen Sprachmodell:',
  '',
  '1. **Geführt:** `moltbot onboard` im Terminal ausführen.',
  '2. **Mit API-Schlüssel:** eine Zeile wie `ANTHROPIC_API_KEY=…` in `~/.moltbot/secrets.env` schreiben (auch `OPENAI_API_KEY`, `GOOGLE_API_KEY`, `OPENROUTER_API_KEY` und weitere), dann `moltbot gateway restart`.',
  '3. **Auf diesem Rechner, ohne Schlüssel:** [Ollama](https://ollama.com) (oder LM Studio, llama.cpp, vLLM) mit einem Modell starten, zum Beispiel `ollama run qwen3`. Das Gateway findet es innerhalb einer Minute.',
  '',
  'Unter mehreren wählen: `moltbot models list`, dann `moltbot models set anthropic/claude-sonnet-5-5`. Im Chat ändert `/model` es nur für die jeweilige Sitzung.',
  '',
  'Schlüssel nie in einen Chat schreiben: Chats werden gespeichert.',
].join('\n')

export const phrases: Record<Language, Phrases> = {
  en: {
    greeting: 'Hello! I am the built-in assistant: no language model, but I keep notes, read, write and search files, do sums and tell the status. Say `help` for examples, or `how do I add a model` to connect a real one.',
    thanks: 'You are welcome.',
    goodbye: 'Goodbye.',
    whoAreYou: 'I am the built-in assistant of this gateway: a fixed set of rules, not a language model and not a person. I keep notes, read, write and search files, do sums and tell the status; `help` shows how. I answer because no language model is set up yet: ask `how do I add a model` to change that.',
    help: [
      'I am the built-in assistant, not a language model. I understand these:',
      '',
      '- **Notes:** `note: buy milk` · `what are my notes` · `find milk in my notes`',
      '- **Files of the workspace:** `list files` · `read notes/buy-milk.md` · `write todo.md: call Ann` · `replace "Ann" with "Bob" in todo.md` · `search for Bob`',
      '- **Sums:** `12 * (3 + 4)` · `15% of 80` · `average of 3, 5 and 10`',
      '- **Dates:** `what day is 2026-12-24` · `days between 2026-01-01 and 2026-03-01`',
      '- **Status:** `status`',
      '- **A real model:** `how do I add a model`',
      '',
      'Commands such as `/new`, `/model` and `/stop` work as always; `/help` lists them.',
    ].join('\n'),
    addModel: addModelEn,
    unknown: 'I did not understand that. I am the built-in assistant, not a language model: I can keep notes (`note: …`), read, write, list and search files, do sums, work with dates and show the status. Say `help` for examples, or `how do I add a model` for a real one.',
    empty: 'I got a message without text. Say `help` to see what I can do.',
    imagesUnseen: 'I can\'t see images; a language model could (`how do I add a model`).',
    reminder: 'I can\'t remind you at a time. I can write it down: `note: …`.',
    noRemove: (folder) => `I can't delete files. Your notes are plain files in \`${folder}/\`; you can delete them there.`,
    cannot: (what) => `I can't ${what} here: that tool is not available in this conversation.`,
    failed: (error) => `That did not work: ${error}`,
    noteKept: (text, path) => `Noted: ${text}\n\n(in \`${path}\`)`,
    noNotes: 'You have no notes yet. Say `note: …` to make one.',
    notes: (count) => (count === 1 ? 'Your note:' : `Your ${count} notes:`),
    notesFound: (text, count) => `${count === 1 ? 'One note mentions' : `${count} notes mention`} "${text}":`,
    noNoteFound: (text) => `None of your notes mentions "${text}".`,
    fileEmpty: (path) => `\`${path}\` is empty.`,
    fileIs: (path) => `\`${path}\`:`,
    listIs: (path) => (path === '.' ? 'In the workspace:' : `In \`${path}\`:`),
    listEmpty: (path) => (path === '.' ? 'The workspace is empty.' : `\`${path}\` is empty.`),
    found: (text) => `Found "${text}":`,
    notFound: (text) => `I found no line with "${text}".`,
    statusIs: 'Status:',
    time: (time) => `It is ${time} (UTC), by the gateway's clock.`,
    noTime: 'I have no clock here.',
    weekday: (day, weekday) => `${day} is a ${weekday}.`,
    today: (day, weekday) => `Today is ${weekday}, ${day}, as the gateway told me.`,
    noToday: 'I have no clock and was not told the date. Give me a date such as 2026-12-24.',
    noSuchDay: (text) => `There is no day "${text}" in the calendar.`,
    daysBetween: (from, to, days) => `From ${from} to ${to}: ${days} day${Math.abs(days) === 1 ? '' : 's'}.`,
    dayIs: (day, weekday) => `That is ${weekday}, ${day}.`,
    sumWrong: {
      'syntax': 'I could not read that sum.', 'division-by-zero': 'Dividing by zero has no result.', 'too-large': 'The result is too large for me.', 'not-real': 'That has no result among the real numbers.',
    },
    tools: { read: 'read files', write: 'write files', edit: 'edit files', list: 'list files', search: 'search files', status: 'look at the status' },
  },
  de: {
    greeting: 'Hallo! Ich bin der eingebaute Assistent: kein Sprachmodell, aber ich führe Notizen, lese, schreibe und durchsuche Dateien, rechne und zeige den Status. `Hilfe` zeigt Beispiele, `Wie füge ich ein Modell hinzu` den Weg zu einem richtigen.',
    thanks: 'Gern geschehen.',
    goodbye: 'Auf Wiedersehen.',
    whoAreYou: 'Ich bin der eingebaute Assistent dieses Gateways: ein fester Satz von Regeln, kein Sprachmodell und kein Mensch. Ich führe Notizen, lese, schreibe und durchsuche Dateien, rechne und zeige den Status; `Hilfe` zeigt, wie. Ich antworte, weil noch kein Sprachmodell eingerichtet ist: `Wie füge ich ein Modell hinzu` ändert das.',
    help: [
      'Ich bin der eingebaute Assistent, kein Sprachmodell. Das verstehe ich:',
      '',
      '- **Notizen:** `Notiz: Milch kaufen` · `was sind meine Notizen` · `suche Milch in meinen Notizen`',
      '- **Dateien im Arbeitsbereich:** `liste Dateien` · `lies notes/milch-kaufen.md` · `schreibe in todo.md: Anna anrufen` · `ersetze "Anna" durch "Bert" in todo.md` · `suche nach Bert`',
      '- **Rechnen:** `12 * (3 + 4)` · `15% von 80` · `Durchschnitt von 3, 5 und 10`',
      '- **Tage:** `welcher Wochentag ist der 24.12.2026` · `Tage zwischen 1.1.2026 und 1.3.2026`',
      '- **Status:** `Status`',
      '- **Ein richtiges Modell:** `Wie füge ich ein Modell hinzu`',
      '',
      'Befehle wie `/new`, `/model` und `/stop` gehen wie immer; `/help` zählt sie auf.',
    ].join('\n'),
    addModel: addModelDe,
    unknown: 'Das habe ich nicht verstanden. Ich bin der eingebaute Assistent, kein Sprachmodell: Ich kann Notizen führen (`Notiz: …`), Dateien lesen, schreiben, auflisten und durchsuchen, rechnen, mit Tagen umgehen und den Status zeigen. `Hilfe` zeigt Beispiele, `Wie füge ich ein Modell hinzu` den Weg zu einem richtigen.',
    empty: 'Die Nachricht hatte keinen Text. `Hilfe` zeigt, was ich kann.',
    imagesUnseen: 'Bilder kann ich nicht sehen; ein Sprachmodell könnte es (`Wie füge ich ein Modell hinzu`).',
    reminder: 'Zu einer Zeit erinnern kann ich nicht. Aufschreiben kann ich es: `Notiz: …`.',
    noRemove: (folder) => `Löschen kann ich nicht. Deine Notizen sind einfache Dateien in \`${folder}/\`; dort kannst du sie löschen.`,
    cannot: (what) => `Ich kann hier nicht ${what}: Dieses Werkzeug steht in diesem Gespräch nicht zur Verfügung.`,
    failed: (error) => `Das ging nicht: ${error}`,
    noteKept: (text, path) => `Notiert: ${text}\n\n(in \`${path}\`)`,
    noNotes: 'Du hast noch keine Notizen. `Notiz: …` legt eine an.',
    notes: (count) => (count === 1 ? 'Deine Notiz:' : `Deine ${count} Notizen:`),
    notesFound: (text, count) => `${count === 1 ? 'Eine Notiz erwähnt' : `${count} Notizen erwähnen`} „${text}“:`,
    noNoteFound: (text) => `Keine deiner Notizen erwähnt „${text}“.`,
    fileEmpty: (path) => `\`${path}\` ist leer.`,
    fileIs: (path) => `\`${path}\`:`,
    listIs: (path) => (path === '.' ? 'Im Arbeitsbereich:' : `In \`${path}\`:`),
    listEmpty: (path) => (path === '.' ? 'Der Arbeitsbereich ist leer.' : `\`${path}\` ist leer.`),
    found: (text) => `Gefunden zu „${text}“:`,
    notFound: (text) => `Keine Zeile mit „${text}“ gefunden.`,
    statusIs: 'Status:',
    time: (time) => `Es ist ${time} (UTC) nach der Uhr des Gateways.`,
    noTime: 'Ich habe hier keine Uhr.',
    weekday: (day, weekday) => `Der ${day} ist ein ${weekday}.`,
    today: (day, weekday) => `Heute ist ${weekday}, ${day}, so hat es mir das Gateway gesagt.`,
    noToday: 'Ich habe keine Uhr, und das Datum wurde mir nicht gesagt. Nenne mir einen Tag wie 2026-12-24.',
    noSuchDay: (text) => `Den Tag „${text}“ gibt es im Kalender nicht.`,
    daysBetween: (from, to, days) => `Von ${from} bis ${to}: ${days} Tag${Math.abs(days) === 1 ? '' : 'e'}.`,
    dayIs: (day, weekday) => `Das ist ${weekday}, ${day}.`,
    sumWrong: {
      'syntax': 'Diese Rechnung konnte ich nicht lesen.', 'division-by-zero': 'Durch null teilen hat kein Ergebnis.', 'too-large': 'Das Ergebnis ist mir zu groß.', 'not-real': 'Das hat kein Ergebnis unter den reellen Zahlen.',
    },
    tools: { read: 'Dateien lesen', write: 'Dateien schreiben', edit: 'Dateien ändern', list: 'Dateien auflisten', search: 'Dateien durchsuchen', status: 'den Status ansehen' },
  },
}
