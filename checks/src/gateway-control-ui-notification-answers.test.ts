import { setConfig, testCheck } from '@moltbot/contract/testing'
import { gatewayControlUiNotificationAnswers } from './gateway-control-ui-notification-answers.ts'

const subject = 'gateway.controlUi.notificationAnswers'
testCheck(gatewayControlUiNotificationAnswers, {
  faults: { 'everything from a notification': { change: (facts) => setConfig(facts, subject, 'all'), finds: [{ subject, evidence: /without unlocking/ }], mended: true } },
  harmless: { 'a no only': (facts) => setConfig(facts, subject, 'deny'), 'as it comes': (facts) => setConfig(facts, subject, 'careful') },
})
