import { defineCheck } from '@moltbot/contract'
import { asFields, asList, valueAt, wordsOf, type Fields } from './config-value.ts'

const profilesWithBrowser = ['coding', 'full']

/** Whether these lists of tools ask for the browser by themselves. */
function wishes(tools: Fields): boolean {
  return profilesWithBrowser.includes(String(tools['profile'])) || [...wordsOf(tools['alsoAllow']), ...wordsOf(tools['allow'])].some((name) => ['browser', 'group:web'].includes(name.trim().toLowerCase()))
}

export const browserUnavailable = defineCheck({
  id: 'browser.unavailable',
  severity: 'info',
  title: 'Agents that are given a browser have one',
  needs: 'live',
  find(facts) {
    const browser = facts.live?.browser
    const wished = [asFields(valueAt(facts, 'tools')), ...asList(valueAt(facts, 'agents.list')).map((agent) => asFields(asFields(agent)['tools']))].some(wishes)
    // Whoever switched it off knows.
    if (browser === undefined || browser.available || !wished || valueAt(facts, 'browser.enabled') === false) return []
    return [{
      check: 'browser.unavailable', severity: 'info', subject: 'browser', evidence: `The tools of an agent name the browser, and there is none. ${browser.reason ?? ''}`.trim(),
      remedy: browser.remedy === null ? 'See: moltbot sandbox explain' : `Run: ${browser.remedy}`,
    }]
  },
})
