/** Whether the request asks for the summary that replaces the older part of a conversation. */
export function wantsSummary(system: string, request: string): boolean {
  return system.startsWith('You write the summary') && /<conversation>[\s\S]*<\/conversation>/.test(request)
}

const factsMax = 60
const requestsMax = 40

/**
 * A summary by rule: what the person asked, in their own words (the latest ones where there are many), names of things, and what was
 * demanded to be kept. It invents nothing and weighs nothing.
 */
export function summarise(system: string, request: string): string {
  const headings = [...system.matchAll(/^## .+$/gm)].map((match) => match[0])
  const conversation = /<conversation>\n?([\s\S]*)\n?<\/conversation>/.exec(request)?.[1] ?? ''
  const earlier = /^Summary of what came before[^\n]*\n\n([\s\S]*?)\n\n<conversation>/.exec(request)?.[1] ?? ''
  const asked = [...conversation.matchAll(/^\[Person\]: ([\s\S]*?)(?=\n\n\[|\s*$(?![\s\S]))/gm)].map((match) => oneLine(match[1] ?? '')).filter((line) => line !== '')
  const demanded = [...(request.split('character for character:\n')[1] ?? '').matchAll(/^- (.+)$/gm)].map((match) => match[1] ?? '')
  const named = conversation.match(/https?:\/\/[^\s)>\]"']+|(?<![\w.-])(?:[\w.-]+\/)+[\w.-]+|(?<![\w-])[\w-]+\.(?:md|txt|json|ya?ml|ts|js|py|csv|pdf|png|jpe?g)\b|\b\d{4}-\d{2}-\d{2}\b|\b[0-9a-f]{7,64}\b/g) ?? []
  const facts = [...new Set([...demanded, ...named])].slice(0, factsMax)
  const open = request.includes('is still being worked on') ? asked.at(-1) : undefined
  const bodies: [RegExp, string][] = [
    [/goal/i, earlier === '' ? 'The person used the built-in assistant.' : `${earlier.replace(/^## /gm, '### ')}`],
    [/open/i, open === undefined ? 'none' : `- "${open}"`],
    [/done/i, asked.slice(-requestsMax).map((line) => `- asked: "${line}"`).join('\n') || 'nothing'],
    [/fact/i, facts.map((fact) => `- ${fact}`).join('\n') || 'none'],
    [/next/i, open === undefined ? 'Wait for the person.' : 'Finish the open request.'],
  ]
  return headings.map((heading) => `${heading}\n${bodies.find(([pattern]) => pattern.test(heading))?.[1] ?? 'none'}`).join('\n\n')
}

function oneLine(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim()
  return line.length <= 200 ? line : `${line.slice(0, 199)}…`
}
