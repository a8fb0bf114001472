import type { ServerResponse } from 'node:http'
import type { DeliveryId, Principal } from '@moltbot/contract'
import type { Rooms } from '../rooms.ts'
import { send, sendText } from './respond.ts'

/** What a browser may show by itself where a page of ours holds it. Everything else is bytes to it: nothing that could hold a program. */
const shownAs = /^(?:image\/(?:png|jpeg|gif|webp)|audio\/(?:ogg|mpeg|mp4|wav|flac)|video\/(?:mp4|webm|ogg))$/

/**
 * Sends a file that went to one of our own ways in: always as a download, in no page's name. Only to whoever it was sent to; owners and
 * admins get every one. `who` undefined: somebody nobody knows (any more). The answer to others is that of a file that is not there.
 */
export async function sendKeptFile(rooms: Pick<Rooms, 'outbox'>, id: string, who: Principal | undefined, response: ServerResponse): Promise<void> {
  const found = who !== undefined && /^[A-Za-z0-9_-]{1,100}$/.test(id) ? await rooms.outbox.openFile(id as DeliveryId) : undefined
  if (who === undefined || found === undefined || (found.row.principal !== who.id && who.role !== 'owner' && who.role !== 'admin')) return sendText(response, 404, 'This file is not here, or no longer.')
  const { file, bytes } = found
  response.setHeader('Content-Disposition', `attachment; filename*=UTF-8''${encodeURIComponent(file.fileName).replace(/['()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`)}`)
  response.setHeader('Content-Security-Policy', "default-src 'none'; sandbox")
  send(response, 200, shownAs.test(file.mimeType) ? file.mimeType : 'application/octet-stream', Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
}
