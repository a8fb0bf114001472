import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Principal } from '@moltbot/contract'
import type { Rooms } from '../rooms.ts'
import { send, sendText } from './respond.ts'

/** Nothing runs in it, nothing is fetched by it, it is nobody's origin, and only a page of ours holds it in a frame. */
const frameRules = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; media-src data:; form-action 'none'; base-uri 'none'; frame-ancestors 'self'; sandbox"

/**
 * Elements that make a browser ask somebody something although nothing may be loaded (a name is looked up, a line is opened beforehand), that lead away, or that
 * no rule here lets through anyway. A tag begins with `<` and its name, in any case, and in no other way.
 */
const leadingOut = /<(?=\/?(?:a|area|link|meta|base|script|iframe|frame|frameset|object|embed|applet|portal|fencedframe|form|template)\b)/gi

/** A page the assistant made, for the frame of the one person it was shown to. `who` undefined: somebody nobody knows. The answer to others is that of a page that is not there. */
export function sendShownPage(rooms: Pick<Rooms, 'nodes'>, id: string, who: Principal | undefined, request: IncomingMessage, response: ServerResponse): void {
  const found = who !== undefined && /^[A-Za-z0-9_-]{1,100}$/.test(id) ? rooms.nodes?.shown(id, who.id) : undefined
  // Browsers say where a page is to be shown: in a frame, and not by itself.
  const dest = request.headers['sec-fetch-dest']
  if (found === undefined || (dest !== undefined && dest !== 'iframe')) return sendText(response, 404, 'This is not here, or no longer.')
  response.setHeader('Content-Security-Policy', frameRules)
  response.setHeader('X-Frame-Options', 'SAMEORIGIN')
  response.setHeader('X-DNS-Prefetch-Control', 'off')
  response.setHeader('Permissions-Policy', 'camera=(), geolocation=(), microphone=(), payment=(), usb=(), clipboard-read=(), clipboard-write=(), fullscreen=(), autoplay=()')
  send(response, 200, 'text/html; charset=utf-8', found.html.replaceAll(leadingOut, '&lt;'))
}
