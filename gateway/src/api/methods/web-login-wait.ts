import { Problem } from '@moltbot/contract'
import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { LoginAnswer, loginAccount, loginAnswer } from '../wire/login-answer.ts'
import { MaybeWord, open } from '../wire/params.ts'

const waitDefaultMs = 30_000
const waitMaxMs = 120_000

export const webLoginWait = defineMethod({
  name: 'web.login.wait',
  scope: 'operator.admin',
  summary: 'Waits until a login by steps goes on or is over, and tells how it stands; at once where the caller shows what is no longer so (seen, or currentQrDataUrl).',
  params: open({
    channel: MaybeWord, accountId: MaybeWord, timeoutMs: Type.Optional(Type.Integer({ minimum: 0 })), seen: Type.Optional(Type.Integer({ minimum: 0 })), currentQrDataUrl: Type.Optional(Type.String({ maxLength: 100_000 })),
  }),
  result: LoginAnswer,
  async handle(params, rooms) {
    const found = loginAccount(rooms, params.channel, params.accountId)
    const attempt = rooms.connections.loginOf(found.channel.id, found.account)
    if (attempt === undefined) throw new Problem('login-none', 'No login is under way.', { next: 'Begin one with web.login.start.' })
    const { currentQrDataUrl, seen, timeoutMs = waitDefaultMs } = params
    const now = currentQrDataUrl === undefined ? undefined : await loginAnswer(found, attempt, true)
    if (now?.qrDataUrl !== undefined && now.qrDataUrl !== currentQrDataUrl) return now
    await attempt.changed(Math.min(waitMaxMs, timeoutMs), seen ?? now?.changes)
    return loginAnswer(found, attempt, true)
  },
})
