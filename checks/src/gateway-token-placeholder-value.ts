import { defineCheck } from '@moltbot/contract'

export const gatewayTokenPlaceholderValue = defineCheck({
  id: 'gateway.token_placeholder_value',
  severity: 'critical',
  title: 'No secret is a word from an example',
  quick: true,
  find: (facts) => facts.credentials.filter(({ placeholder, length }) => placeholder && length > 0).map(({ path }) => ({
    check: 'gateway.token_placeholder_value', severity: path.startsWith('gateway.auth.') ? 'critical' : 'warn', subject: path,
    evidence: 'It is a word from an example or one everybody tries first.',
    remedy: path === 'gateway.auth.token' ? 'Make a real one: bash scripts/rotate-gateway-token.sh' : 'Put the real value there, best in secrets.env.',
  })),
})
