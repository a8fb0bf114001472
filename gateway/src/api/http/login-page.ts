import type { ServerResponse } from 'node:http'
import { escapeHtml, send, sendHtml } from './respond.ts'

/** Pages the server writes itself, for people who are not signed in or whose page is not built. No script, no inline style. */
const style = `:root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}
body{margin:0;min-height:100vh;display:grid;place-items:center;background:Canvas;color:CanvasText}
main{width:min(30rem,90vw);padding:2rem 0}
h1{font-size:1.5rem;margin:0 0 .5rem}
h2{font-size:1.1rem;margin:2rem 0 .5rem}
label{display:block;margin:1.25rem 0 .35rem;font-weight:600}
input{width:100%;box-sizing:border-box;font:inherit;padding:.6rem .75rem;border:1px solid GrayText;border-radius:.5rem;background:Field;color:FieldText}
button{margin-top:1rem;font:inherit;font-weight:600;padding:.6rem 1.25rem;border:0;border-radius:.5rem;background:LinkText;color:Canvas;cursor:pointer}
:focus-visible{outline:3px solid Highlight;outline-offset:2px}
code{font-family:ui-monospace,monospace;font-size:.92em;background:color-mix(in srgb,CanvasText 9%,Canvas);padding:.1em .35em;border-radius:.3em;overflow-wrap:anywhere}
.wrong{border-left:.3rem solid #c62828;padding:.25rem .75rem;margin:1rem 0 0}
`

function page(title: string, body: string, base: string, head = ''): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><meta name="robots" content="noindex">
<title>${escapeHtml(title)}</title><link rel="stylesheet" href="${escapeHtml(base)}/login.css">${head}</head>
<body><main>
<h1>${escapeHtml(title)}</h1>
${body}
</main></body></html>
`
}

export function sendLoginStyle(response: ServerResponse): void {
  response.setHeader('Cache-Control', 'public, max-age=3600')
  send(response, 200, 'text/css; charset=utf-8', style)
}

/** The form for people who come without the link. `wrong` says what was wrong with the last try. */
export function sendLogin(response: ServerResponse, status: number, base: string, what: 'token' | 'password', form: string, wrong?: string): void {
  // A page that must not leak its address has none worth leaking; with `no-referrer` browsers would hide the form's origin from us.
  response.setHeader('Referrer-Policy', 'same-origin')
  sendHtml(response, status, page('Sign in to Moltbot', `${wrong === undefined ? '' : `<p class="wrong" role="alert">${escapeHtml(wrong)}</p>`}
<form method="post" action="${escapeHtml(base)}/login" autocomplete="off">
<input type="hidden" name="form" value="${escapeHtml(form)}">
<label for="token">Gateway ${what}</label>
<input id="token" name="token" type="password" required autofocus autocomplete="current-password" spellcheck="false">
<button type="submit">Sign in</button>
</form>
<p>The start script prints a link that signs you in. On the gateway's machine, <code>moltbot status</code> tells where the ${what} is kept.</p>`, base))
}

/** Where this person is signed in; `body` is HTML made by `signInListHtml`. */
export function sendSignIns(response: ServerResponse, base: string, body: string): void {
  response.setHeader('Referrer-Policy', 'same-origin')
  sendHtml(response, 200, page('Sign out of Moltbot', body, base))
}

export function sendNotice(response: ServerResponse, status: number, base: string, title: string, sentences: string[]): void {
  sendHtml(response, status, page(title, sentences.map((sentence) => `<p>${sentence}</p>`).join('\n'), base))
}

/** Asks for the same address once more: a link on another site opened us without our own cookie, which the second request carries. */
export function sendAgain(response: ServerResponse, base: string, path: string): void {
  sendHtml(response, 200, page('One moment', '<p>Opening the page…</p>', base, `<meta http-equiv="refresh" content="0;url=${escapeHtml(path)}">`))
}
