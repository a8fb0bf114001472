import { defineCheck } from '@moltbot/contract'
import { bare, chosenModels } from './chosen-models.ts'

/** Families their makers have retired or announced to; they resist injected instructions least. As of November 2026. */
const retired = /^(?:claude-(?:instant|v?[12](?:[.-]|$)|3(?:[.-]|$)|(?:opus|sonnet|haiku)-3)|gpt-3|gpt-4(?:$|-(?:0|1|32k|turbo|vision)|o(?:$|-(?:2024|mini)))|text-davinci|o1-(?:mini|preview)|gemini-(?:pro|1\.|ultra|2\.0)|(?:chat-)?bison|mistral-(?:tiny|7b)|llama-?[123](?:[.:-]|$)|command-(?:light|nightly))/

export const modelsLegacy = defineCheck({
  id: 'models.legacy',
  severity: 'warn',
  title: 'The models that answer are current ones',
  find: (facts) => chosenModels(facts).filter(({ name }) => retired.test(bare(name))).map(({ name, subject }) => ({
    check: 'models.legacy', severity: 'warn', subject,
    evidence: `${name} is of a retired family: it follows hidden instructions in mails and pages more readily, and may stop answering.`,
    remedy: 'Choose a current one: moltbot models list, then moltbot models set NAME',
  })),
})
