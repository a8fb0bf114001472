import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { LoginAnswer, loginAccount, loginAnswer } from '../wire/login-answer.ts'
import { MaybeWord, ignored, open } from '../wire/params.ts'

const firstStepMs = 30_000

export const webLoginStart = defineMethod({
  name: 'web.login.start',
  scope: 'operator.admin',
  fresh: true,
  summary: 'Begins a login by steps on the telephone, and answers with the first: a QR code to scan, or with phone a code to type.',
  params: open({
    channel: MaybeWord, accountId: MaybeWord, phone: MaybeWord, force: Type.Optional(Type.Boolean()), timeoutMs: Type.Optional(Type.Integer({ minimum: 0 })), ...ignored('verbose'),
  }),
  result: LoginAnswer,
  async handle(params, rooms) {
    const found = loginAccount(rooms, params.channel, params.accountId)
    const attempt = await rooms.connections.login(found.channel.id, found.account, { anew: params.force === true || params.phone !== undefined, ...(params.phone === undefined ? {} : { phone: params.phone }) })
    const state = attempt.state()
    if (state.kind === 'going' && state.step === undefined) await attempt.changed(Math.min(firstStepMs, params.timeoutMs ?? firstStepMs))
    const now = attempt.state()
    if (now.kind === 'failed') throw now.problem
    return loginAnswer(found, attempt, true)
  },
})
