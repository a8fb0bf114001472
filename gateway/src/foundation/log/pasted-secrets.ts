/** A credential somebody wrote into a chat, and the name that stands in its place. */
export interface PastedSecret { name: string; value: string }

/**
 * Kinds that are unmistakable by their form, the narrower before the wider. A kind's name is how its secret will be called. An underscore
 * beside one counts as no part of a word: it is how chats write italics.
 */
const kinds: readonly { name: string; pattern: RegExp }[] = [
  { name: 'private-key', pattern: /-----BEGIN (?:[A-Z]{2,10} ){0,2}PRIVATE KEY(?: BLOCK)?-----(?:[^-]|-(?!----)){40,20000}-----END (?:[A-Z]{2,10} ){0,2}PRIVATE KEY(?: BLOCK)?-----/g },
  { name: 'age-identity', pattern: /(?<![A-Za-z0-9])AGE-SECRET-KEY-1[0-9A-Z]{58}(?![A-Za-z0-9])/g },
  { name: 'anthropic-api-key', pattern: /(?<![A-Za-z0-9])sk-ant-[A-Za-z0-9_-]{20,200}/g },
  { name: 'openrouter-api-key', pattern: /(?<![A-Za-z0-9])sk-or-v1-[0-9a-f]{32,128}(?![A-Za-z0-9])/g },
  { name: 'openai-api-key', pattern: /(?<![A-Za-z0-9])sk-(?:proj|svcacct|admin)-[A-Za-z0-9_-]{20,250}|(?<![A-Za-z0-9])sk-[A-Za-z0-9]{40,64}(?![A-Za-z0-9])/g },
  { name: 'stripe-key', pattern: /(?<![A-Za-z0-9])[sr]k_(?:live|test)_[A-Za-z0-9]{20,200}(?![A-Za-z0-9])/g },
  { name: 'google-api-key', pattern: /(?<![A-Za-z0-9])AIza[A-Za-z0-9_-]{35}(?![A-Za-z0-9-]|_[A-Za-z0-9])/g },
  { name: 'google-access-token', pattern: /(?<![A-Za-z0-9])ya29\.[A-Za-z0-9_-]{40,500}/g },
  { name: 'chat-token', pattern: /(?<![A-Za-z0-9])xox[abeoprs]-\d[A-Za-z0-9-]{20,300}|(?<![A-Za-z0-9])xapp-\d-[A-Z0-9]{8,16}-\d{8,16}-[a-f0-9]{32,128}/g },
  { name: 'bot-token', pattern: /(?<![\d:])\d{8,10}:AA[A-Za-z0-9_-]{33}(?![A-Za-z0-9-]|_[A-Za-z0-9])/g },
  { name: 'bot-token', pattern: /(?<![A-Za-z0-9])[MNO][A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,40}(?![A-Za-z0-9.-]|_[A-Za-z0-9])/g },
  { name: 'github-token', pattern: /(?<![A-Za-z0-9])gh[oprsu]_[A-Za-z0-9]{36,255}(?![A-Za-z0-9])|(?<![A-Za-z0-9])github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}(?![A-Za-z0-9])/g },
  { name: 'gitlab-token', pattern: /(?<![A-Za-z0-9])glpat-[A-Za-z0-9_-]{20,100}/g },
  { name: 'npm-token', pattern: /(?<![A-Za-z0-9])npm_[A-Za-z0-9]{36}(?![A-Za-z0-9])/g },
  { name: 'pypi-token', pattern: /(?<![A-Za-z0-9])pypi-AgEI[A-Za-z0-9_-]{50,300}/g },
  { name: 'hugging-face-token', pattern: /(?<![A-Za-z0-9])hf_[A-Za-z]{30,40}(?![A-Za-z0-9])/g },
  { name: 'groq-api-key', pattern: /(?<![A-Za-z0-9])gsk_[A-Za-z0-9]{40,64}(?![A-Za-z0-9])/g },
  { name: 'xai-api-key', pattern: /(?<![A-Za-z0-9])xai-[A-Za-z0-9]{60,100}(?![A-Za-z0-9])/g },
  { name: 'nvidia-api-key', pattern: /(?<![A-Za-z0-9])nvapi-[A-Za-z0-9_-]{50,100}/g },
  { name: 'replicate-token', pattern: /(?<![A-Za-z0-9])r8_[A-Za-z0-9]{37}(?![A-Za-z0-9])/g },
  { name: 'shopify-token', pattern: /(?<![A-Za-z0-9])shp(?:at|ca|pa|ss)_[a-f0-9]{32}(?![A-Za-z0-9])/g },
  { name: 'sendgrid-api-key', pattern: /(?<![A-Za-z0-9])SG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}(?![A-Za-z0-9-]|_[A-Za-z0-9])/g },
  { name: 'docker-token', pattern: /(?<![A-Za-z0-9])dckr_pat_[A-Za-z0-9_-]{27}/g },
  { name: 'aws-access-key', pattern: /(?<![A-Za-z0-9])(?:AKIA|ASIA)[A-Z2-7]{16}(?![A-Za-z0-9])/g },
  { name: 'jwt', pattern: /(?<![A-Za-z0-9])eyJ[A-Za-z0-9_-]{10,2000}\.eyJ[A-Za-z0-9_-]{10,6000}\.[A-Za-z0-9_-]{20,2000}/g },
  { name: 'connection-url', pattern: /(?<![A-Za-z0-9])(?:postgres(?:ql)?|mysql|mariadb|mongodb(?:\+srv)?|rediss?|amqps?|smtps?|ftps?):\/\/[^\s/@:?#]{1,200}:[^\s/@?#]{6,500}@[^\s"'<>]{3,500}/g },
]

/** What every kind has: so many characters without a space, or the first line of a key. Ordinary words are done with after this one look. */
const maybe = /\S{16}|-----BEGIN /

/** Words and runs of examples: nobody loses anything by keeping those. */
const placeholder = /x{6}|\*{3}|\.{3}|…|<[a-z]|example|your|placeholder|changeme|0{10}|1234567890ab/i

/**
 * Finds credentials of unmistakable form and puts `[secret NAME]` in their place. Pure; the same value has the same name
 * throughout, different ones of a kind are numbered. `taken`: what was found in other parts of the same message.
 */
export function hideSecrets(text: string, taken: readonly PastedSecret[] = []): { text: string; found: PastedSecret[] } {
  if (!maybe.test(text)) return { text, found: [] }
  const found: PastedSecret[] = []
  let shown = text
  for (const { name, pattern } of kinds) {
    shown = shown.replace(pattern, (matched: string, at: number, whole: string) => {
      let length = matched.length
      while (whole[at - 1] === '_' && matched[length - 1] === '_') length -= 1
      const [value, mark] = [matched.slice(0, length), matched.slice(length)]
      if (!isLikely(name, value)) return matched
      const all = [...taken, ...found]
      const same = all.find((other) => other.value === value)
      if (same !== undefined) return markOf(same.name) + mark
      const secret = { name: freeName(name, (candidate) => all.some((other) => other.name === candidate)), value }
      found.push(secret)
      return markOf(secret.name) + mark
    })
  }
  return { text: shown, found }
}

/** What stands in the place of a secret. */
export function markOf(name: string): string {
  return `[secret ${name}]`
}

/** `name`, or the first of `name-2`, `name-3` … that is not taken. */
export function freeName(name: string, isTaken: (candidate: string) => boolean): string {
  for (let number = 1; ; number += 1) {
    const candidate = number === 1 ? name : `${name}-${number}`
    if (!isTaken(candidate)) return candidate
  }
}

/** What people write in instructions has the form, but not the variety. */
function isLikely(name: string, value: string): boolean {
  if (placeholder.test(value)) return false
  if (name === 'connection-url' || name === 'private-key') return true
  const body = value.slice(4)
  const counts = new Map<string, number>()
  for (const character of body) counts.set(character, (counts.get(character) ?? 0) + 1)
  const entropy = [...counts.values()].reduce((sum, count) => sum - (count / body.length) * Math.log2(count / body.length), 0)
  return entropy >= (name === 'aws-access-key' ? 2.5 : 3)
}
