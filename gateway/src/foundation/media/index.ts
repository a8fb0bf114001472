/**
 * What comes with messages besides words: a picture is known by its content, a document becomes text in a confined process, a voice note
 * becomes words by a provider or a program of the operator's. It never decides who may speak, never keeps a file, never lets a file keep an
 * answer from being given, and reaches nothing but what it is handed.
 */
export { createMedia } from './create-media.ts'
export type { Media, MediaNeeds } from './create-media.ts'
export { mediaSection } from './config.ts'
export type { RunIsolated, Upload } from './transcribe.ts'
