import { defineCheck } from '@moltbot/contract'
import { textAt } from './config-value.ts'

const path = 'gateway.controlUi.notificationAnswers'

export const gatewayControlUiNotificationAnswers = defineCheck({
  id: 'gateway.control_ui.notification_answers',
  severity: 'warn',
  title: 'Not every question can be allowed from a locked screen',
  find: (facts) => (textAt(facts, path) !== 'all' ? [] : [{
    check: 'gateway.control_ui.notification_answers', severity: 'warn', subject: path,
    evidence: 'Whoever holds a telephone that is told of questions can allow any of them without unlocking it.',
    remedy: 'Set it to careful: what leaves the workspace then opens the page.',
  }]),
  fix: () => ({ kind: 'config', path, value: 'careful' }),
})
