import type { ChatRef, Tx } from '@moltbot/contract'
import { deliveryKey } from './deliveries.ts'
import { limitsOf, type OutboxDesk } from './desk.ts'
import { fits } from './fits.ts'
import { sayable } from './sayable.ts'
import type { DeliveryFile, SpokenAnswer } from './types.ts'
import { leftOutWords, noSoundWords } from './with-file.ts'

/** What a reply is to say, before it is cut for its place. */
export interface WholeReply { owner: string; chat: ChatRef; markdown: string; file?: DeliveryFile; spoken?: SpokenAnswer }

type Place = Pick<OutboxDesk, 'connections' | 'label' | 'deliveries'>

/** The messages a reply becomes in its place, in order. `file` goes with the last of them. */
export async function partsOfReply(desk: Place, tx: Tx, reply: WholeReply): Promise<{ parts: string[]; file: DeliveryFile | undefined }> {
  const { words, file } = await fitted(desk, tx, reply)
  if (file?.instead !== undefined) return { parts: [''], file }
  if (file !== undefined && reply.spoken === undefined && goesBeside(desk, reply.chat, words)) return { parts: [words], file }
  return { parts: [...(await cut(desk, reply.chat, words)), ...(file === undefined ? [] : [''])], file }
}

async function fitted(desk: Place, tx: Tx, { owner, chat, markdown, file, spoken }: WholeReply): Promise<{ words: string; file: DeliveryFile | undefined }> {
  if (spoken !== undefined) return { words: markdown, file: await soundFor(desk, tx, { owner, chat, markdown }, spoken) }
  return file === undefined ? { words: markdown, file } : fileWithin(desk, chat, markdown, file)
}

/** A file and its words as far as the place takes them. Where it can't be reached just now, that is seen when it is sent. */
function fileWithin({ connections, label }: Place, chat: ChatRef, markdown: string, file: DeliveryFile): { words: string; file: DeliveryFile | undefined } {
  const words = sayable(markdown).trim()
  const limits = connections.of(chat)?.limits
  const instead = limits === undefined ? undefined : leftOutWords(file, limits, label(chat))
  return instead === undefined ? { words, file } : { words: `${words}\n\n${instead}`, file: undefined }
}

/**
 * The sound of an answer as the place takes it; undefined: it takes none, and the words are all there is. It stands in place of the words only where they
 * would fit into the one message that it is, and where none of them stand there yet.
 */
async function soundFor({ connections, label, deliveries }: Place, tx: Tx, { owner, chat, markdown }: WholeReply, { file, alone }: SpokenAnswer): Promise<DeliveryFile | undefined> {
  const limits = connections.of(chat)?.limits
  if (limits === undefined) return file
  if (leftOutWords(file, limits, label(chat)) !== undefined) return undefined
  const words = sayable(markdown).trim()
  const isAlone = alone && fits(`${words}${noSoundWords}`, limits.textLengthMax, limits.linesMax ?? Number.POSITIVE_INFINITY) && (await deliveries.byKey(tx, deliveryKey(owner, 0))) === undefined
  return isAlone ? { ...file, instead: words } : file
}

/** Whether the words are short enough to stand beside a file. Longer ones go before it. */
function goesBeside({ connections }: Place, chat: ChatRef, words: string): boolean {
  return words.length <= (connections.of(chat)?.limits.files?.captionMax ?? 0)
}

/** The Markdown parser is loaded by the first text that has to be cut. */
async function cut(desk: Place, chat: ChatRef, markdown: string): Promise<string[]> {
  const { max, lines } = limitsOf(desk, chat)
  const text = sayable(markdown).trim()
  if (text === '') return []
  return fits(text, max, lines) ? [text] : (await import('./split.ts')).splitMarkdown(text, max, lines)
}
