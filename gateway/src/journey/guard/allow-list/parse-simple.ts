import { whyNeverSimple } from './never-simple.ts'

/** How a command follows the one before it in its line. */
export type Join = 'first' | '&&' | '||' | ';' | '|'

export interface SimpleCommand {
  /** The program as it is named, then its arguments: byte for byte what the program is started with. */
  argv: string[]
  after: Join
}

/** Longer lines are no longer simple to anybody. */
const lengthMax = 8_192
const commandsMax = 32
const wordsMax = 256

/** What stands for itself outside quotes, in bash and in every POSIX shell, wherever in a word it stands. */
const plain = /[A-Za-z0-9_./:,@%+=-]/
/** A program: a bare name, or an absolute path without tricks. */
const program = /^(?:[A-Za-z0-9][A-Za-z0-9._+-]*|(?:\/[A-Za-z0-9][A-Za-z0-9._+-]*)+)$/

/**
 * The commands of a line, where it can be proven from the text alone that a POSIX shell and bash, started with `-c`, no start-up
 * files and the sandbox's fixed environment, start exactly these programs with exactly these words. Undefined: it cannot, or one of
 * them is a program that runs others. Then somebody is asked.
 *
 * Taken are printable ASCII, spaces between words, words of plain characters, '…', "…" in which nothing is expanded, a backslash
 * before a printable character, and `&&`, `||`, `;`, `|` between commands.
 */
export function parseSimple(command: string): SimpleCommand[] | undefined {
  const commands = readCommands(command)
  return commands?.every(({ argv }) => whyNeverSimple(argv) === undefined) === true ? commands : undefined
}

/** The reading alone, without the question which programs are meant. */
export function readCommands(command: string): SimpleCommand[] | undefined {
  // The shell takes a text that begins with a dash for options of its own; and it has no other blanks than these in common everywhere.
  if (command.length > lengthMax || !/^[ -~]*$/.test(command)) return undefined
  const commands: SimpleCommand[] = []
  let after: Join = 'first'
  let argv: string[] = []
  let at = 0
  while (at < command.length) {
    const here = command[at] ?? ''
    if (here === ' ') {
      at += 1
      continue
    }
    const join = joinAt(command, at)
    if (join !== undefined) {
      if (!isCommand(argv) || commands.length + 1 >= commandsMax) return undefined
      commands.push({ argv, after })
      argv = []
      after = join
      at += join.length
      continue
    }
    const word = readWord(command, at)
    if (word === undefined || argv.length >= wordsMax) return undefined
    // A quoted program is not looked up as the same word everywhere (reserved words, other names of it).
    if (argv.length === 0 && command.slice(at, word.end) !== word.text) return undefined
    argv.push(word.text)
    at = word.end
  }
  return isCommand(argv) ? [...commands, { argv, after }] : undefined
}

function isCommand([first]: readonly string[]): boolean {
  return first !== undefined && program.test(first)
}

function joinAt(command: string, at: number): Join | undefined {
  const [here, next] = [command[at], command[at + 1]]
  switch (here) {
    case '&': return next === '&' ? '&&' : undefined
    case '|': return next === '|' ? '||' : '|'
    case ';': return ';'
    default: return undefined
  }
}

/** One word from `at` on, which is no blank and no join; undefined: not a word that means the same everywhere. */
function readWord(command: string, at: number): { text: string; end: number } | undefined {
  let text = ''
  while (at < command.length) {
    const here = command[at] ?? ''
    if (here === ' ' || joinAt(command, at) !== undefined) break
    if (plain.test(here)) {
      text += here
      at += 1
    } else if (here === '\'') {
      const end = command.indexOf('\'', at + 1)
      if (end === -1) return undefined
      text += command.slice(at + 1, end)
      at = end + 1
    } else if (here === '\\') {
      const next = command[at + 1]
      if (next === undefined) return undefined
      text += next
      at += 2
    } else if (here === '"') {
      const quoted = readDoubleQuoted(command, at + 1)
      if (quoted === undefined) return undefined
      text += quoted.text
      at = quoted.end
    } else return undefined
  }
  return { text, end: at }
}

function readDoubleQuoted(command: string, at: number): { text: string; end: number } | undefined {
  let text = ''
  for (;;) {
    const here = command[at]
    switch (here) {
      case undefined: return undefined
      case '"': return { text, end: at + 1 }
      case '$':
      case '`':
      case '!': return undefined
      case '\\': {
        const next = command[at + 1]
        if (next === undefined || next === '!') return undefined
        text += '$`"\\'.includes(next) ? next : `\\${next}`
        at += 2
        break
      }
      default:
        text += here
        at += 1
    }
  }
}
