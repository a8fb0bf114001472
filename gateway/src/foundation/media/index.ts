/**
 * What comes with messages besides words: a picture is known by its content, a document becomes text in a confined process, a voice note
 * becomes words by a provider or a program of the operator's, and an answer becomes speech the same ways. It never decides who may speak,
 * never keeps a file, never lets a file keep an answer from being given, and reaches nothing but what it is handed.
 */
export { createMedia } from './create-media.ts'
export type { Media, MediaNeeds } from './create-media.ts'
export { mediaSection } from './config.ts'
export { createFilesTaken } from './files-taken.ts'
export type { FilesTaken } from './types.ts'
export type { SetAside, Upload } from './transcribe.ts'
export { createSpeech } from './create-speech.ts'
export type { Speech, SpeechNeeds } from './create-speech.ts'
export { createMadeSounds } from './made-sounds.ts'
export type { MadeSounds } from './made-sounds.ts'
export { speechSection } from './speech-config.ts'
export type { MadeSound } from './voices.ts'
