import type { FilesTaken } from './gateway-client.ts'
import { ownFilesText as say } from './own-files-text.ts'
import type { OwnFile } from './unsent.ts'
import { fileSize } from './words.ts'

/** A file as it will be sent, or why it is not. */
export type Added = { kind: 'added'; file: OwnFile } | { kind: 'refused'; words: string }

/** The most of one picture the gateway takes, in bytes; a larger one is made smaller here. */
const imageBytesMax = 5_000_000
/** How wide or high a picture is that was made smaller, in pixels: models look at no more. */
const imageSideMax = 2_048
const filesMax = 16
const models = /^image\/(?:png|jpeg|gif|webp)$/

/** Before the gateway has said what it takes it may take everything; it says no itself. */
const notYetTold: FilesTaken = { bytesMax: 19_000_000, documents: true, sound: true }

/** Looks at files as the gateway will, so that a no comes before anything is sent. `there`: how many are added already. */
export async function addFiles(files: readonly File[], there: number, taken: FilesTaken = notYetTold): Promise<Added[]> {
  const added: Added[] = []
  for (const file of files) {
    if (there + added.filter(({ kind }) => kind === 'added').length >= filesMax) return [...added, { kind: 'refused', words: say.tooMany(filesMax) }]
    added.push(await addFile(file, taken))
  }
  return added
}

async function addFile(file: File, { bytesMax, documents, sound }: FilesTaken): Promise<Added> {
  const fileName = file.name === '' ? 'file' : file.name
  const no = (words: string): Added => ({ kind: 'refused', words })
  const yes = async (kind: OwnFile['kind'], bytes: Blob, mimeType: string): Promise<Added> => ({ kind: 'added', file: { kind, mimeType, fileName, data: await base64(bytes) } })
  if (file.size === 0) return no(say.empty(fileName))
  if (file.type.startsWith('image/')) {
    const picture = models.test(file.type) && file.size <= imageBytesMax ? file : await smaller(file)
    return picture === undefined ? no(say.picture(fileName)) : yes('image', picture, picture.type)
  }
  if (file.type.startsWith('video/')) return no(say.film(fileName))
  const isSound = file.type.startsWith('audio/')
  if (isSound && !sound) return no(say.unheard(fileName))
  if (!isSound && !(await isReadable(file))) return no(say.unread(fileName))
  if (!isSound && !documents) return no(say.documentsOff(fileName))
  if (file.size > bytesMax) return no(say.tooLarge(fileName, fileSize(bytesMax)))
  return yes(isSound ? 'audio' : 'document', file, file.type === '' ? 'text/plain' : file.type)
}

/** What the gateway's reader knows: PDF, Word, and whatever holds nothing but characters at its beginning. */
async function isReadable(file: File): Promise<boolean> {
  const start = new Uint8Array(await file.slice(0, 4_096).arrayBuffer())
  const latin = String.fromCharCode(...start)
  if (latin.startsWith('%PDF-')) return true
  if (latin.startsWith('PK\x03\x04')) return /\.docx$/i.test(file.name)
  const wide = latin.startsWith('\xff\xfe') || latin.startsWith('\xfe\xff')
  return wide || ![...start].some((byte) => byte < 9 || (byte > 13 && byte < 27) || (byte > 27 && byte < 32))
}

/** The same picture as JPEG, no larger than models look at. Undefined: this browser cannot open it. */
async function smaller(file: File): Promise<Blob | undefined> {
  try {
    const picture = await createImageBitmap(file)
    const share = Math.min(1, imageSideMax / Math.max(picture.width, picture.height))
    const canvas = document.createElement('canvas')
    canvas.width = Math.max(1, Math.round(picture.width * share))
    canvas.height = Math.max(1, Math.round(picture.height * share))
    const pen = canvas.getContext('2d')
    if (pen === null) return undefined
    // JPEG knows no transparency; without a ground it would turn black.
    pen.fillStyle = '#fff'
    pen.fillRect(0, 0, canvas.width, canvas.height)
    pen.drawImage(picture, 0, 0, canvas.width, canvas.height)
    picture.close()
    const made = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/jpeg', 0.86))
    return made === null || made.size > imageBytesMax ? undefined : made
  } catch {
    // No picture this browser knows.
    return undefined
  }
}

/** Without the data URL's prefix. */
export function base64(blob: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader()
    reader.addEventListener('load', () => {
      const data = String(reader.result)
      resolve(data.slice(data.indexOf(',') + 1))
    })
    reader.addEventListener('error', () => reject(reader.error ?? new Error('unreadable')))
    reader.readAsDataURL(blob)
  })
}
