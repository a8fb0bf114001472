import { lstat, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { RunIsolated } from './transcribe.ts'

/** What can be shown of a film, and what can be heard in it. */
export interface FilmParts { pictures: Buffer[]; sound: Buffer | undefined }

/** The program of this machine that opens films. */
export const filmProgram = 'ffmpeg'
/** A picture of a film every so often, from its beginning on. */
const secondsBetween = 5
/** Wide enough to read a sign; a model pays by the area. */
const widthMax = 768
const pictureBytesMax = 2_000_000
const soundBytesMax = 20_000_000
const soundSecondsMax = 600
const inside = '/workspace'

/**
 * Takes pictures and the sound out of a film by a program that runs isolated. What it cannot take is absent; nothing in the film decides what the
 * program is told. Rejects only where there is no isolation.
 */
export async function lookAtFilm(film: Buffer, wishes: { pictures: number; sound: boolean }, run: RunIsolated, signal: AbortSignal): Promise<FilmParts> {
  const workspace = await mkdtemp(join(tmpdir(), 'moltbot-film-'))
  const ask = (...args: string[]): Promise<unknown> => run({ words: [filmProgram, '-nostdin', '-v', 'error', '-i', `${inside}/given`, ...args], workspace, readOnly: [], outputMax: 100_000 }, signal)
  try {
    await writeFile(join(workspace, 'given'), film, { mode: 0o600 })
    const pictures: Buffer[] = []
    if (wishes.pictures > 0) {
      const filter = `fps=fps=1/${secondsBetween}:round=up,scale='min(${widthMax},iw)':-2`
      await ask('-map', '0:v:0', '-vf', filter, '-frames:v', String(wishes.pictures), '-map_metadata', '-1', '-q:v', '4', `${inside}/picture%d.jpg`)
      for (let number = 1; number <= wishes.pictures; number += 1) {
        const picture = await made(join(workspace, `picture${number}.jpg`), pictureBytesMax)
        if (picture !== undefined) pictures.push(picture)
      }
    }
    if (wishes.sound) await ask('-map', '0:a:0', '-vn', '-map_metadata', '-1', '-ac', '1', '-ar', '16000', '-t', String(soundSecondsMax), `${inside}/sound.wav`)
    return { pictures, sound: wishes.sound ? await made(join(workspace, 'sound.wav'), soundBytesMax) : undefined }
  } finally {
    await rm(workspace, { recursive: true, force: true })
  }
}

/** What the program left there. It is a file of the sandbox: no link, no flood. */
async function made(file: string, bytesMax: number): Promise<Buffer | undefined> {
  const facts = await lstat(file).catch(() => undefined)
  return facts === undefined || !facts.isFile() || facts.size === 0 || facts.size > bytesMax ? undefined : readFile(file)
}
