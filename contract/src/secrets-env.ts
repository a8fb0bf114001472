import { Problem } from './problem.ts'

const namePattern = /^[A-Za-z_][A-Za-z0-9_]*$/

/**
 * Reads `secrets.env` without ever running it: `NAME=value` or `export NAME="value"` per line, `#` comments, no expansion of any
 * kind. In double quotes `\"`, `\\`, `\$` and `` \` `` stand for the character; in single quotes everything stands for itself. An
 * unescaped `$` or backtick outside single quotes is an error, because a shell would have replaced it. The last of two equal
 * names counts. Throws `Problem('secrets-env-invalid')` that names the line and never a value.
 */
export function parseSecretsEnv(text: string): Map<string, string> {
  const values = new Map<string, string>()
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/)
  for (const [index, line] of lines.entries()) {
    const assignment = splitAssignment(line, index + 1)
    if (assignment !== undefined) values.set(assignment.name, readValue(assignment.rest, index + 1))
  }
  return values
}

/**
 * The text with `name` set to `value`: the line of that name is replaced (further ones of the same name are removed), a new name
 * is appended; every other line stays byte for byte. `parseSecretsEnv` of the result yields exactly `value`.
 */
export function editSecretsEnv(text: string, name: string, value: string): string {
  if (!namePattern.test(name)) throw invalid(0, `"${name}" is not a name`, 'Use letters, digits and underscores, starting with a letter.')
  // oxlint-disable-next-line no-control-regex -- these are the characters a line cannot hold
  if (/[\u0000-\u0008\u000A-\u001F\u007F]/.test(value)) throw invalid(0, `the value of ${name} contains a line break or control character`, 'Paste it on one line.')
  const eol = text.includes('\r\n') ? '\r\n' : '\n'
  const assignment = `export ${name}=${quote(value)}`
  let placed = false
  const kept: string[] = []
  const lines = text === '' ? [] : text.split(/\r?\n/)
  if (lines.at(-1) === '') lines.pop()
  for (const [index, line] of lines.entries()) {
    if (splitAssignment(line, index + 1)?.name !== name) kept.push(line)
    else if (!placed) {
      kept.push(assignment)
      placed = true
    }
  }
  if (!placed) kept.push(assignment)
  return kept.join(eol) + eol
}

function quote(value: string): string {
  return value.includes("'") ? `"${value.replace(/["\\$`]/g, (character) => `\\${character}`)}"` : `'${value}'`
}

function splitAssignment(line: string, number: number): { name: string; rest: string } | undefined {
  const trimmed = line.replace(/^\uFEFF/, '').trim()
  if (trimmed === '' || trimmed.startsWith('#')) return undefined
  const match = /^(?:export\s+)?([^=\s]+)=(.*)$/s.exec(trimmed)
  const name = match?.[1]
  if (match === null || name === undefined || !namePattern.test(name)) throw invalid(number, 'this is not NAME=value')
  return { name, rest: match[2] ?? '' }
}

function readValue(rest: string, number: number): string {
  if (rest.startsWith("'")) {
    const end = rest.indexOf("'", 1)
    if (end < 0) throw invalid(number, 'the single quote is not closed')
    onlyComment(rest.slice(end + 1), number)
    return rest.slice(1, end)
  }
  if (rest.startsWith('"')) return readDoubleQuoted(rest, number)
  const bare = rest.replace(/(?<!\s)\s+#.*$/s, '').trim()
  if (bare.startsWith('#')) return ''
  if (/["'\\]|\s/.test(bare)) throw invalid(number, 'a value with spaces, quotes or backslashes needs quotes around it')
  refuseExpansion(bare, number)
  return bare
}

function readDoubleQuoted(rest: string, number: number): string {
  let value = ''
  for (let index = 1; index < rest.length; index++) {
    const character = rest.charAt(index)
    if (character === '"') {
      onlyComment(rest.slice(index + 1), number)
      return value
    }
    if (character === '\\' && '"\\$`'.includes(rest.charAt(index + 1)) && index + 1 < rest.length) {
      index++
      value += rest.charAt(index)
      continue
    }
    refuseExpansion(character, number)
    value += character
  }
  throw invalid(number, 'the double quote is not closed')
}

function refuseExpansion(text: string, number: number): void {
  if (/[$`]/.test(text)) throw invalid(number, 'it contains $ or ` outside single quotes', "Put the value in 'single quotes'; nothing in this file is ever executed or replaced.")
}

function onlyComment(text: string, number: number): void {
  if (!/^\s*(#.*)?$/.test(text)) throw invalid(number, 'there is text after the closing quote')
}

function invalid(line: number, what: string, next = 'Write it as export NAME="value".'): Problem {
  return new Problem('secrets-env-invalid', line === 0 ? `secrets.env: ${what}.` : `secrets.env, line ${line}: ${what}.`, { next })
}
