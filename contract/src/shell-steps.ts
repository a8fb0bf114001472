/** One step of a line for a shell: its program without folder and version (`python3.11` is `python`), and the first word after it that is no option. */
export interface ShellStep { program: string; operand: string; words: readonly string[] }

/** Words in front of a program that only prepare it. */
const before = new Set(['sudo', 'env', 'nohup', 'time', 'command', 'exec', 'nice', 'stdbuf'])

/**
 * The steps of a line, as a reader would name them. For telling only: it knows quotes and what parts steps, and nothing else of a shell's
 * grammar, so nothing may be allowed because of what it says.
 */
export function shellSteps(line: string): ShellStep[] {
  const steps: string[][] = [[]]
  let word: string | undefined
  let quote = ''
  const end = (): void => {
    if (word !== undefined) steps.at(-1)?.push(word)
    word = undefined
  }
  for (let at = 0; at < line.length; at += 1) {
    const char = line.charAt(at)
    if (quote !== '') {
      if (char === quote) quote = ''
      else if (char === '\\' && quote === '"') word = `${word ?? ''}${line.charAt(at += 1)}`
      else word = `${word ?? ''}${char}`
    } else if (char === '"' || char === '\'') {
      quote = char
      word ??= ''
    } else if (char === '\\') word = `${word ?? ''}${line.charAt(at += 1)}`
    else if (/[;|&\n()]/.test(char) && !(char === '&' && /[<>]$/.test(word ?? ''))) {
      end()
      steps.push([])
    } else if (/\s/.test(char)) end()
    else word = `${word ?? ''}${char}`
  }
  end()
  return steps.flatMap((words) => {
    const from = words.findIndex((each) => !/^[A-Za-z_]\w*=/.test(each) && !before.has(each))
    const program = words[from]
    if (program === undefined) return []
    const name = program.slice(program.lastIndexOf('/') + 1)
    const rest = words.slice(from + 1)
    return [{ program: name.replace(/(?<=[a-z])[-.]?\d[\d.]*$/, ''), operand: rest.find((each) => !each.startsWith('-')) ?? '', words: rest }]
  })
}

/** Programs that only look: that they find nothing, or something else, is their answer. */
const looking = new Set([
  'cd', 'pwd', 'echo', 'printf', 'true', 'false', 'sleep', 'date', 'whoami', 'id', 'uname', 'hostname', 'printenv', 'which', 'type', 'ls', 'dir', 'tree', 'stat', 'file', 'du', 'df', 'cat', 'head', 'tail', 'less', 'wc',
  'nl', 'cut', 'tr', 'uniq', 'jq', 'grep', 'egrep', 'fgrep', 'rg', 'ag', 'diff', 'cmp', 'comm', 'test', '[', '[[', 'ps', 'pgrep', 'find', 'basename', 'dirname', 'realpath', 'readlink', 'md5sum', 'sha1sum', 'sha256sum',
])
const lookingOfGit = new Set(['status', 'log', 'diff', 'show', 'grep', 'rev-parse', 'ls-files', 'describe', 'blame'])
const actingOfFind = /^-(?:exec|execdir|ok|okdir|delete|fprint0?|fprintf|fls)$/

/** Whether a line only looks at things, so that another exit code than 0 is an answer and no failure. For telling only, as the steps are. */
export function onlyLooks(line: string): boolean {
  if (/>(?!&\d|\s*\/dev\/null)|`|\$\(/.test(line)) return false
  return shellSteps(line).every(({ program, operand, words }) => (program === 'git' ? lookingOfGit.has(operand) : looking.has(program)) && !words.some((word) => program === 'find' && actingOfFind.test(word)))
}
