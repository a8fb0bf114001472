import { execFileSync } from 'node:child_process'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { projectRoot } from './source-tree.ts'

/** macOS has bash 3.2. What came later, each with a line that uses it. */
const newer: [what: string, pattern: RegExp, example: string][] = [
  ['associative, named and lower-case variables', /\b(?:declare|local|typeset)\s+-[a-zA-Z]*[AgnluU]/, 'declare -A seen=()'],
  ['mapfile, readarray, coproc', /^\s*(?:mapfile|readarray|coproc)\b/m, 'mapfile -t lines <file'],
  ['letters made large or small, and transformations', /\$\{!?\w+(?:\[[^\]]*\])?(?:\^|,|@[A-Za-z])/, 'echo "${name,,}"'],
  ['|& and &>>', /\|&|&>>/, 'make |& tee log'],
  ['falling through in case', /;&/, 'a) one ;;& b) two ;;'],
  ['a test for a variable by its name', /\[\[?\s+(?:!\s+)?-[vR]\s/, '[[ -v HOME ]]'],
  ['the time by printf', /printf\s[^\n]*%\(/, "printf '%(%F)T' -1"],
  ['counting from the end', /\$\{\w+(?:\[-\d|:[^}:]*:\s*-\d)/, 'echo "${list[-1]}"'],
  ['waiting for any one', /\bwait\s+-[nfp]\b/, 'wait -n'],
  ['variables of later shells', /\$\{?(?:EPOCHSECONDS|EPOCHREALTIME|SRANDOM|BASHPID|BASH_ARGV0)\b/, 'echo "$EPOCHSECONDS"'],
  ['options of later shells', /\bshopt\s+-s\s[^\n]*(?:globstar|lastpipe|inherit_errexit|localvar)/, 'shopt -s globstar'],
  ['a descriptor that names itself', /\{[A-Za-z_]\w*\}(?:[<>])/, 'exec {fd}<file'],
  ['reading an exact number, or with a fraction of a second', /\bread\s+(?:-\w+\s+)*(?:-[Ni]\b|-t\s*\d*\.\d)/, 'read -N 4 word'],
  ['letters by number', /(?:\$'|printf\s+['"])[^'"\n]*\\[uU][0-9A-Fa-f]/, "echo $'\\u00e4'"],
  ['case within $(…), which 3.2 cannot read', /\$\([^()\n]*\bcase\s/, 'kind=$(case $1 in a) echo b ;; esac)'],
  ['a list that may be empty, under set -u', /\bfor \w+ in "\$\{\w+\[@\]\}"/, 'for one in "${all[@]}"; do :; done'],
]
/** Without comments, which may speak of anything. */
const codeOf = (script: string): string => script.replaceAll(/^\s*#.*$/gm, '')
const foundIn = (script: string): string[] => newer.filter(([, pattern]) => pattern.test(codeOf(script))).map(([what]) => what)

describe('the shell scripts keep to what bash 3.2 and 5 both know', () => {
  it.each(readdirSync(join(projectRoot, 'scripts')).filter((name) => name.endsWith('.sh')))('%s', (name) => {
    const path = join(projectRoot, 'scripts', name)
    expect(foundIn(readFileSync(path, 'utf8'))).toEqual([])
    execFileSync('bash', ['-n', path])
  })

  it.each(newer)('twin: %s is found', (what, _, example) => {
    expect(foundIn(`set -euo pipefail\n${example}\n`)).toEqual([what])
  })
})
