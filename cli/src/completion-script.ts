import type { CommandDescription, FlagSpec } from '@moltbot/contract'
import type { CommandGroup } from './groups.ts'
import { globalFlags } from './parse-arguments.ts'

interface Word { word: string; summary: string }

/** A completion script for bash, zsh or fish; contains everything, so completing starts no process. */
export function completionScript(shell: string, commands: readonly CommandDescription[], groups: Readonly<Record<string, CommandGroup>>): string {
  if (shell === 'zsh') return zsh(commands, groups)
  if (shell === 'fish') return fish(commands, groups)
  return bash(commands, groups)
}

function firstWords(commands: readonly CommandDescription[], groups: Readonly<Record<string, CommandGroup>>): Word[] {
  const words = new Map<string, string>()
  for (const command of commands) {
    const first = command.name.split(' ')[0] ?? ''
    if (!words.has(first)) words.set(first, groups[first]?.summary ?? command.summary)
  }
  words.set('help', 'Show help')
  words.set('version', 'Show the version')
  return [...words].map(([word, summary]) => ({ word, summary })).sort((a, b) => (a.word < b.word ? -1 : 1))
}

function verbs(commands: readonly CommandDescription[], group: string): Word[] {
  return commands.filter((command) => command.name.startsWith(`${group} `)).map((command) => ({ word: command.name.slice(group.length + 1), summary: command.summary }))
}

function flagWords(command: Pick<CommandDescription, 'flags'>): Word[] {
  return Object.entries({ ...command.flags, ...globalFlags } as Record<string, FlagSpec>).map(([name, spec]) => ({ word: `--${name}`, summary: spec.summary }))
}

function choicesOf(command: CommandDescription): [string, readonly string[]][] {
  return Object.entries(command.flags).flatMap(([name, spec]): [string, readonly string[]][] => (spec.kind === 'text' && spec.choices !== undefined ? [[`--${name}`, spec.choices]] : []))
}

function argChoices(command: CommandDescription): readonly string[] {
  return Object.values(command.args)[0]?.choices ?? []
}

function bash(commands: readonly CommandDescription[], groups: Readonly<Record<string, CommandGroup>>): string {
  const list = (words: readonly Word[]): string => words.map(({ word }) => word).join(' ')
  const groupCases = Object.keys(groups).map((group) => `    ${group}) verbs="${list(verbs(commands, group))}" ;;`)
  const flagCases = commands.map((command) => `    "${command.name}") flags="${list(flagWords(command))}"; choices="${argChoices(command).join(' ')}" ;;`)
  const valueCases = commands.flatMap((command) => choicesOf(command).map(([flag, choices]) => `    "${command.name} ${flag}") COMPREPLY=($(compgen -W "${choices.join(' ')}" -- "$word")); return ;;`))
  return `# bash completion for moltbot; made by: moltbot completion bash
_moltbot() {
  local word="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}"
  local group="" verb="" verbs="" flags="" choices="" index
  for ((index = 1; index < COMP_CWORD; index++)); do
    [[ "\${COMP_WORDS[index]}" == -* ]] && continue
    if [[ -z "$group" ]]; then group="\${COMP_WORDS[index]}"; elif [[ -z "$verb" ]]; then verb="\${COMP_WORDS[index]}"; fi
  done
  if [[ -z "$group" ]]; then
    COMPREPLY=($(compgen -W "${list(firstWords(commands, groups))} ${list(flagWords({ flags: {} }))}" -- "$word"))
    return
  fi
  case "$group" in
${groupCases.join('\n')}
  esac
  local name="$group"
  [[ -n "$verbs" ]] && name="$group $verb"
  case "$name $previous" in
${valueCases.join('\n')}
  esac
  case "$name" in
${flagCases.join('\n')}
  esac
  if [[ -n "$verbs" && -z "$verb" && "$word" != -* ]]; then
    COMPREPLY=($(compgen -W "$verbs" -- "$word"))
  else
    COMPREPLY=($(compgen -W "$flags $choices" -- "$word"))
  fi
}
complete -o default -F _moltbot moltbot
`
}

function zsh(commands: readonly CommandDescription[], groups: Readonly<Record<string, CommandGroup>>): string {
  const described = (words: readonly Word[]): string => words.map(({ word, summary }) => `'${zshQuote(word)}:${zshQuote(summary)}'`).join(' ')
  const flagSpecs = (command: CommandDescription): string => [
    ...Object.entries({ ...command.flags, ...globalFlags } as Record<string, FlagSpec>).map(([name, spec]) => {
      const value = spec.kind === 'boolean' ? '' : `:${spec.value}:${spec.kind === 'text' && spec.choices !== undefined ? `(${spec.choices.join(' ')})` : ''}`
      return `'--${name}[${zshQuote(spec.summary).replace(/[[\]]/g, '')}]${value}'`
    }),
    ...Object.entries(command.args).map(([name, spec]) => `'${spec.many === true ? '*' : ''}:${name}:${spec.choices === undefined ? '' : `(${spec.choices.join(' ')})`}'`),
  ].join(' ')
  const singles = commands.filter((command) => !command.name.includes(' '))
  const cases = [
    ...singles.map((command) => `    ${command.name}) _arguments ${flagSpecs(command)} ;;`),
    ...Object.keys(groups).map((group) => {
      const members = commands.filter((command) => command.name.startsWith(`${group} `))
      const inner = members.map((command) => `        ${command.name.slice(group.length + 1)}) shift words; (( CURRENT-- )); _arguments ${flagSpecs(command)} ;;`)
      return `    ${group})\n      if (( CURRENT == 2 )); then local -a verbs=(${described(verbs(commands, group))}); _describe 'command' verbs; return; fi\n      case "$words[2]" in\n${inner.join('\n')}\n      esac ;;`
    }),
  ]
  return `#compdef moltbot
# zsh completion for moltbot; made by: moltbot completion zsh
_moltbot() {
  if (( CURRENT == 2 )); then
    local -a names=(${described(firstWords(commands, groups))})
    _describe 'command' names
    return
  fi
  shift words
  (( CURRENT-- ))
  case "$words[1]" in
${cases.join('\n')}
  esac
}
_moltbot "$@"
`
}

function zshQuote(text: string): string {
  return text.replaceAll("'", "'\\''").replaceAll(':', '\\:')
}

function fish(commands: readonly CommandDescription[], groups: Readonly<Record<string, CommandGroup>>): string {
  const quote = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
  const lines = ['# fish completion for moltbot; made by: moltbot completion fish', 'complete -c moltbot -f']
  for (const { word, summary } of firstWords(commands, groups)) lines.push(`complete -c moltbot -n __fish_use_subcommand -a ${word} -d ${quote(summary)}`)
  for (const group of Object.keys(groups)) {
    const known = verbs(commands, group)
    const unseen = `__fish_seen_subcommand_from ${group}; and not __fish_seen_subcommand_from ${known.map(({ word }) => word).join(' ')}`
    for (const { word, summary } of known) lines.push(`complete -c moltbot -n ${quote(unseen)} -a ${word} -d ${quote(summary)}`)
  }
  for (const command of commands) {
    const seen = command.name.split(' ').map((word) => `__fish_seen_subcommand_from ${word}`).join('; and ')
    for (const [name, spec] of Object.entries(command.flags)) {
      const value = spec.kind === 'boolean' ? '' : spec.kind === 'text' && spec.choices !== undefined ? ` -x -a ${quote(spec.choices.join(' '))}` : ' -x'
      lines.push(`complete -c moltbot -n ${quote(seen)} -l ${name}${spec.short === undefined ? '' : ` -s ${spec.short}`}${value} -d ${quote(spec.summary)}`)
    }
    if (argChoices(command).length > 0) lines.push(`complete -c moltbot -n ${quote(seen)} -a ${quote(argChoices(command).join(' '))}`)
  }
  for (const [name, spec] of Object.entries(globalFlags)) lines.push(`complete -c moltbot -l ${name}${spec.kind === 'boolean' ? '' : ' -x'} -d ${quote(spec.summary)}`)
  return `${lines.join('\n')}\n`
}
