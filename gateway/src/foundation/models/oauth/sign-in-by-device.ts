import { Problem } from '@moltbot/contract'
import type { SignInStep } from '../types.ts'
import type { OauthConfig } from './authorization-server.ts'
import { namedAddress, sendForm, shown, textOf } from './speak.ts'
import type { Answer, Speaker } from './speak.ts'
import { askForTokens, Refused } from './tokens.ts'
import type { Client } from './tokens.ts'

const intervalDefaultMs = 5_000
const slowerByMs = 5_000
const intervalMaxMs = 60_000
const lifeDefaultMs = 10 * 60_000
const lifeMaxMs = 30 * 60_000

/** RFC 8628: shows a code, then asks until somebody typed it. Rejects with a `Problem` when it is over without. */
export async function signInByDevice(
  device: URL, client: Client, oauth: Pick<OauthConfig, 'scopes'>, speaker: Speaker, show: (step: SignInStep) => void, signal: AbortSignal,
): Promise<Answer & { access_token: string }> {
  const { clock } = speaker
  const { status, body } = await sendForm(speaker, device, { client_id: client.clientId, scope: oauth.scopes.length === 0 ? undefined : oauth.scopes.join(' ') }, signal)
  const error = textOf(body['error'])
  if (error !== undefined) throw new Refused(shown(error).slice(0, 60), device.host, shown(textOf(body['error_description']) ?? ''))
  const [secret, code, page] = [textOf(body['device_code']), textOf(body['user_code']), textOf(body['verification_uri']) ?? textOf(body['verification_url'])]
  if (status !== 200 || secret === undefined || code === undefined || page === undefined || code.length > 64) {
    throw new Problem('models-sign-in-unreachable', `${device.host} gave an answer that is no code (${status}).`, { next: 'Try again later.', details: { fault: 'network' } })
  }
  const seconds = Number(body['expires_in'])
  const until = clock.now() + Math.min(lifeMaxMs, Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : lifeDefaultMs)
  const whole = textOf(body['verification_uri_complete'])
  show({ kind: 'device', url: namedAddress(page, 'the page for the code', device).href, ...(whole === undefined ? {} : { whole: namedAddress(whole, 'the page for the code', device).href }), code: shown(code), until })

  const given = Number(body['interval'])
  let intervalMs = Math.min(intervalMaxMs, Number.isFinite(given) && given > 0 ? given * 1000 : intervalDefaultMs)
  for (;;) {
    await pause(speaker, intervalMs, signal)
    if (clock.now() >= until) throw expired()
    try {
      return await askForTokens(client, { grant_type: 'urn:ietf:params:oauth:grant-type:device_code', device_code: secret }, speaker, signal)
    } catch (caught) {
      if (signal.aborted || !(caught instanceof Problem)) throw caught
      if (!(caught instanceof Refused)) {
        // Nobody answered: more seldom, as RFC 8628 (3.5) asks.
        if (caught.code !== 'models-sign-in-unreachable') throw caught
        intervalMs = Math.min(intervalMaxMs, intervalMs * 2)
        continue
      }
      if (caught.error === 'authorization_pending') continue
      if (caught.error === 'slow_down') {
        intervalMs = Math.min(intervalMaxMs, intervalMs + slowerByMs)
        continue
      }
      if (caught.error === 'expired_token') throw expired()
      if (caught.error === 'access_denied') throw new Problem('models-sign-in-denied', 'Somebody said no on the page.', { next: 'Begin it again.' })
      throw caught
    }
  }
}

function expired(): Problem {
  return new Problem('models-sign-in-expired', 'The code was not typed in time.', { next: 'Begin it again.' })
}

function pause({ clock }: Speaker, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      cancel()
      reject(new Problem('models-sign-in-ended', 'The sign-in was called off.', { next: 'Begin it again.' }))
    }
    const cancel = clock.after(ms, () => {
      signal.removeEventListener('abort', stop)
      resolve()
    })
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
  })
}
