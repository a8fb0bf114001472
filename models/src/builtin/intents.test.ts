import fc from 'fast-check'
import { expect, it } from 'vitest'
import { intentOf, languageOf } from './intents.ts'

it.each([
  ['hi', { kind: 'greeting' }], ['Hello!', { kind: 'greeting' }], ['Guten Morgen', { kind: 'greeting' }], ['moin', { kind: 'greeting' }], ['[Telegram Ann 2026-01-01 10:00 UTC] hello', { kind: 'greeting' }],
  ['thanks', { kind: 'thanks' }], ['Vielen Dank!', { kind: 'thanks' }], ['tschüss', { kind: 'goodbye' }],
  ['who are you?', { kind: 'who-are-you' }], ['Wer bist du?', { kind: 'who-are-you' }], ['are you an AI?', { kind: 'who-are-you' }], ['Hello! Who are you, and what can you do for me?', { kind: 'who-are-you' }], ['Hallo! Wer bist du und was kannst du?', { kind: 'who-are-you' }], ['Hi there, what is 2+2?', { kind: 'sum', expression: '2+2' }], ['Hello, write me a poem', { kind: 'unknown' }],
  ['help', { kind: 'help' }], ['What can you do?', { kind: 'help' }], ['Was kannst du?', { kind: 'help' }], ['Hilfe', { kind: 'help' }],
  ['How do I add a model?', { kind: 'add-model' }], ['how can I connect Ollama', { kind: 'add-model' }], ['Wie füge ich ein Modell hinzu?', { kind: 'add-model' }], ['where do I put my API key?', { kind: 'add-model' }], ['set up Claude', { kind: 'add-model' }],
  ['status', { kind: 'status' }], ['show me the status', { kind: 'status' }], ['Wie ist der Status?', { kind: 'status' }],
  ['note: buy milk', { kind: 'note-add', text: 'buy milk' }], ['Note that the door code is 1234', { kind: 'note-add', text: 'the door code is 1234' }], ['please remember that Ann likes tea', { kind: 'note-add', text: 'Ann likes tea' }],
  ['remember to call Bob', { kind: 'note-add', text: 'to call Bob' }], ['add a note: two\nlines', { kind: 'note-add', text: 'two\nlines' }], ['don\'t forget the bread', { kind: 'note-add', text: 'the bread' }],
  ['Notiz: Milch kaufen', { kind: 'note-add', text: 'Milch kaufen' }], ['Merk dir, dass Anna Tee mag', { kind: 'note-add', text: 'Anna Tee mag' }], ['notiere bitte: 3 Eier', { kind: 'note-add', text: '3 Eier' }], ['vergiss nicht das Brot', { kind: 'note-add', text: 'das Brot' }],
  ['what are my notes?', { kind: 'notes-list' }], ['show me all my notes', { kind: 'notes-list' }], ['notes', { kind: 'notes-list' }], ['Was sind meine Notizen?', { kind: 'notes-list' }], ['zeig mir meine Notizen', { kind: 'notes-list' }], ['was hast du dir gemerkt?', { kind: 'notes-list' }],
  ['find milk in my notes', { kind: 'notes-find', text: 'milk' }], ['what do my notes say about Ann?', { kind: 'notes-find', text: 'Ann' }], ['suche Milch in meinen Notizen', { kind: 'notes-find', text: 'Milch' }],
  ['delete the note about milk', { kind: 'note-remove', text: 'milk' }], ['remind me tomorrow at 8', { kind: 'reminder' }], ['erinnere mich morgen', { kind: 'reminder' }],
  ['read notes/a.md', { kind: 'read', path: 'notes/a.md' }], ['show me the file "my list.txt"', { kind: 'read', path: 'my list.txt' }], ['what is in todo.md?', { kind: 'read', path: 'todo.md' }], ['lies todo.md', { kind: 'read', path: 'todo.md' }], ['zeig mir die Datei Liste', { kind: 'read', path: 'Liste' }],
  ['list files', { kind: 'list', path: '.' }], ['ls', { kind: 'list', path: '.' }], ['ls notes', { kind: 'list', path: 'notes' }], ['list the files in notes', { kind: 'list', path: 'notes' }], ['what files are there?', { kind: 'list', path: '.' }], ['welche Dateien gibt es?', { kind: 'list', path: '.' }], ['zeige mir alle Dateien in notes', { kind: 'list', path: 'notes' }],
  ['search for milk', { kind: 'search', text: 'milk', path: '.' }], ['search my files for "red car"', { kind: 'search', text: 'red car', path: '.' }], ['find milk in shop/list.md', { kind: 'search', text: 'milk', path: 'shop/list.md' }], ['suche nach Milch', { kind: 'search', text: 'Milch', path: '.' }], ['which files mention Ann?', { kind: 'search', text: 'Ann', path: '.' }],
  ['write todo.md: call Ann', { kind: 'write', path: 'todo.md', text: 'call Ann' }], ['create a file a/b.txt with the content hello world', { kind: 'write', path: 'a/b.txt', text: 'hello world' }], ['save hello there to greetings.txt', { kind: 'write', path: 'greetings.txt', text: 'hello there' }], ['schreib in todo.md: Anna anrufen', { kind: 'write', path: 'todo.md', text: 'Anna anrufen' }], ['erstelle eine Datei b.md mit dem Inhalt Hallo', { kind: 'write', path: 'b.md', text: 'Hallo' }],
  ['replace "Ann" with "Bob" in todo.md', { kind: 'edit', from: 'Ann', to: 'Bob', path: 'todo.md' }], ['ersetze „Anna“ durch „Bert“ in todo.md', { kind: 'edit', from: 'Anna', to: 'Bert', path: 'todo.md' }],
  ['what is 2+2?', { kind: 'sum', expression: '2+2' }], ['12 * (3 + 4)', { kind: 'sum', expression: '12 * (3 + 4)' }], ['what is three', { kind: 'unknown' }], ['calculate 15 percent of 80', { kind: 'sum', expression: '15 % of 80' }], ['was ist 3 mal 4?', { kind: 'sum', expression: '3 * 4' }], ['rechne 3,5 geteilt durch 2', { kind: 'sum', expression: '3,5 / 2' }], ['square root of 16 plus 1', { kind: 'sum', expression: 'sqrt(16) + 1' }], ['5!', { kind: 'sum', expression: '5!' }],
  ['average of 3, 5 and 10', { kind: 'fold', how: 'average', numbers: '3, 5 and 10' }], ['Summe von 1, 2 und 3', { kind: 'fold', how: 'sum', numbers: '1, 2 und 3' }], ['add 3 and 4', { kind: 'fold', how: 'sum', numbers: '3 and 4' }],
  ['what day is 2026-12-24?', { kind: 'weekday', day: '2026-12-24' }], ['welcher Wochentag ist der 24.12.2026?', { kind: 'weekday', day: '24.12.2026' }], ['what day is it today?', { kind: 'weekday', day: 'today' }], ['days between 2026-01-01 and 2026-03-01', { kind: 'days-between', from: '2026-01-01', to: '2026-03-01' }], ['what time is it?', { kind: 'time' }], ['wie spät ist es', { kind: 'time' }],
  ['what is the date 30 days after 2026-01-01', { kind: 'day-plus', day: '2026-01-01', amount: 30, unit: 'day' }], ['2026-01-31 + 1 month', { kind: 'day-plus', day: '2026-01-31', amount: 1, unit: 'month' }],
  ['2026-12-24', { kind: 'unknown' }], ['write me a poem about the sea', { kind: 'unknown' }], ['explain quantum physics', { kind: 'unknown' }], ['', { kind: 'empty' }], ['open the pod bay doors', { kind: 'unknown' }],
])('%s', (text, expected) => {
  expect(intentOf(text)).toEqual(expected)
})

it('always answers something, and soon', () => {
  fc.assert(fc.property(fc.oneof(fc.string(), fc.array(fc.constantFrom('find', 'note', 'in', 'my', 'notes', 'read', 'file', 'write', 'to', 'with', 'replace', 'the', '"a', 'b"', ':', '2', '+', 'days', 'between', 'wie', 'modell', 'suche', 'nach'), { maxLength: 60 }).map((words) => words.join(' '))), (text) => {
    expect(typeof intentOf(text).kind).toBe('string')
  }), { numRuns: 500 })
  const long = `${'find a in '.repeat(1500)}x`
  expect(intentOf(long).kind).toBeDefined()
  expect(intentOf(`note: ${'word '.repeat(3000)}`)).toMatchObject({ kind: 'note-add' })
})

it('hears the language', () => {
  expect(languageOf('was sind meine Notizen')).toBe('de')
  expect(languageOf('what are my notes')).toBe('en')
  expect(languageOf('2+2')).toBe('en')
})
