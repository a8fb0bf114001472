import { language } from './text.ts'

const english = {
  dictate: 'Dictate',
  dictateHint: 'Dictate: your browser turns speech into words; some browsers do that at their maker’s.',
  dictating: 'Listening. Your browser turns speech into words; some do that at their maker’s.',
  endDictation: 'Stop dictating',
  record: 'Record a voice note',
  recording: (time: string) => `Recording ${time}`,
  keep: 'Done',
  discard: 'Discard',
  longest: 'A voice note has five minutes at most; this one stands below your words.',
  refused: 'This page may not use the microphone. Allow it in your browser’s settings of the page.',
  none: 'There is no microphone.',
  failed: 'That did not work. Try again, or type.',
  code: 'Some code.',
  table: 'A table.',
}
export type VoiceText = typeof english

const german: VoiceText = {
  dictate: 'Diktieren',
  dictateHint: 'Diktieren: Ihr Browser fasst Sprache in Worte; manche tun das bei ihrem Hersteller.',
  dictating: 'Hört zu. Ihr Browser fasst Sprache in Worte; manche tun das bei ihrem Hersteller.',
  endDictation: 'Diktat beenden',
  record: 'Sprachnachricht aufnehmen',
  recording: (time) => `Aufnahme ${time}`,
  keep: 'Fertig',
  discard: 'Verwerfen',
  longest: 'Eine Sprachnachricht hat höchstens fünf Minuten; diese steht unter Ihren Worten.',
  refused: 'Diese Seite darf das Mikrofon nicht benutzen. Erlauben Sie es in den Einstellungen Ihres Browsers zur Seite.',
  none: 'Es gibt kein Mikrofon.',
  failed: 'Das hat nicht geklappt. Versuchen Sie es noch einmal, oder tippen Sie.',
  code: 'Etwas Code.',
  table: 'Eine Tabelle.',
}

export const voiceTexts = { english, german }
export const voiceText: VoiceText = language === 'de' ? german : english
