import { describe, expect, it } from 'vitest'
import { coveredBy, isSafeFilter, isWordByWord, parseSimple, readCommands, readEntry, ruleOnCommand, safeFilterNames, whyNeverSimple, type AllowList, type CommandPolicy } from './index.ts'

/** A toolchain in which every name is found in one folder and is no link, but for those named. */
const toolchain = (links: Record<string, string> = {}, missing: readonly string[] = []): AllowList['programAt'] => (word) => {
  const name = word.slice(word.lastIndexOf('/') + 1)
  if (missing.includes(name) || (word.includes('/') && !/^(?:\/usr)?\/bin\//.test(word))) return undefined
  return { at: `/usr/bin/${name}`, file: links[name] ?? `/usr/bin/${name}` }
}
const list = (entries: string[], more: Partial<AllowList> = {}): AllowList => ({ entries, safeBins: [], programAt: toolchain(), ...more })
const argvs = (line: string): string[][] | undefined => parseSimple(line)?.map(({ argv }) => argv)

describe('reading a line', () => {
  it.each<[string, string[][]]>([
    ['ls', [['ls']]],
    ['  ls   -la  ', [['ls', '-la']]],
    ['grep \'a b\' "c d" e\\ f', [['grep', 'a b', 'c d', 'e f']]],
    ['grep \'$(id) `id` ${x} * ~ !\' x', [['grep', '$(id) `id` ${x} * ~ !', 'x']]],
    ['grep "a\\"b\\\\c\\nd" x', [['grep', 'a"b\\c\\nd', 'x']]],
    ['echo \'it\'\\\'\'s\'', [['echo', 'it\'s']]],
    ['echo "" \'\' a\'\'b', [['echo', '', '', 'ab']]],
    ['ls&&pwd||echo x;cat a|wc -l', [['ls'], ['pwd'], ['echo', 'x'], ['cat', 'a'], ['wc', '-l']]],
    ['/usr/bin/jq .a=b', [['/usr/bin/jq', '.a=b']]],
    ['echo if then \\~ \\* a\\;b', [['echo', 'if', 'then', '~', '*', 'a;b']]],
  ])('%s', (line, expected) => expect(argvs(line)).toEqual(expected))

  it('tells how commands follow each other', () => {
    expect(parseSimple('ls && pwd || cat a; wc | tr a b')?.map(({ after }) => after)).toEqual(['first', '&&', '||', ';', '|'])
  })

  it.each(['', ' ', ';', 'ls;', 'ls &&', '&& ls', 'ls ;; ls', 'ls | | wc', '"ls"', 'l\\s', '\'ls\' -l', './ls', 'bin/ls', '../ls', '-x', '+x', '%1', '=x', '/', '//bin/ls', '/bin/../bin/ls', 'ls "a', 'ls \'a', 'ls \\', `ls ${'x'.repeat(9_000)}`, `ls ${'a '.repeat(300)}`, 'ls;'.repeat(40) + 'ls'])('leaves %j to a person', (line) => {
    expect(parseSimple(line)).toBeUndefined()
  })
})

describe('programs that are never simple', () => {
  it.each(['python3.11 -c x', 'python3 x.py', 'perl5.36 x', 'ruby3.1 x', 'vim.basic x', 'ld-linux-x86-64.so.2 /bin/sh', 'qemu-x86_64 sh', 'BASH x', 'bash-static x', 'busybox.static ls', 'sudo-rs ls', 'perl5.36-x86_64-linux-gnu x', 'ip netns exec a ls', 'bash.exe x', '/usr/bin/env ls', 'busybox ls', 'git -c a=b status', 'find . -exec ls', 'tar xIf p a.tar', 'tar --to-comm=x -xf a', 'sort --comp=p', 'sort -rT /tmp', 'rg --pre p x'])('%s', (line) => {
    expect(whyNeverSimple(line.split(' '))).toBeTypeOf('string')
    expect(parseSimple(line)).toBeUndefined()
  })

  it('leaves ordinary programs alone', () => {
    for (const line of ['ls -la', 'git status', 'git log --oneline', 'find . -name x', 'tar -tf a.tar', 'sort -rn', 'cat a', 'head -5', 'rg x', 'base64 a', 'sha256sum a', '/usr/bin/test -v x', 'echo a', 'npm test', '7z l a.7z']) {
      expect(parseSimple(line), line).toBeDefined()
    }
    expect(isWordByWord('/usr/bin/git')).toBe(true)
    expect(isWordByWord('gcc-12')).toBe(true)
    expect(isWordByWord('x86_64-linux-gnu-gcc-12')).toBe(true)
    expect(isWordByWord('ls')).toBe(false)
  })
})

describe('entries', () => {
  it('are a program, words and a star at the end', () => {
    expect(readEntry('ls')).toEqual({ program: 'ls', words: [], anyMore: false })
    expect(readEntry('git log "a b"')).toEqual({ program: 'git', words: ['log', 'a b'], anyMore: false })
    expect(readEntry('rg --json *')).toEqual({ program: 'rg', words: ['--json'], anyMore: true })
    for (const wrong of ['', '*', ' *', 'ls * *', 'ls*', 'ls && pwd', 'bash *', 'bash x.sh', 'npm *', 'git log *', './x *', '~/bin/x', '/usr/bin/*', 'eval x', 'find . -delete']) expect(readEntry(wrong), wrong).toBeTypeOf('string')
  })

  it('cover whole words of every command in the line', () => {
    const some = list(['ls *', 'git status', 'echo done', 'rg --json *'])
    expect(coveredBy('ls', some)).toEqual(['ls *'])
    expect(coveredBy('ls -la \'a b\' && git status && echo done', some)).toEqual(['ls *', 'git status', 'echo done'])
    for (const line of ['lsx', 'git', 'git status -s', 'git statusx', 'git \'status -s\'', 'echo', 'echo done x', 'rg x', 'rg --jsonx', 'ls && id', 'ls | sh', 'ls; git push', 'ls $(id)']) expect(coveredBy(line, some), line).toBeUndefined()
    expect(coveredBy('rg --json x y', some)).toEqual(['rg --json *'])
  })

  it('mean the program where its name leads, by whichever name', () => {
    expect(coveredBy('ls -l', list(['/usr/bin/ls *']))).toEqual(['/usr/bin/ls *'])
    expect(coveredBy('/bin/ls -l', list(['ls *']))).toEqual(['ls *'])
    expect(coveredBy('/opt/x/ls -l', list(['ls *']))).toBeUndefined()
    expect(coveredBy('ls', list(['ls *'], { programAt: toolchain({}, ['ls']) }))).toBeUndefined()
    expect(coveredBy('echo x', list(['/bin/echo *']))).toBeUndefined()
    // Two names of one file that serves many are two programs; a link with a harmless name to a shell is a shell.
    expect(coveredBy('cat x', list(['ls *'], { programAt: toolchain({ ls: '/usr/bin/busybox', cat: '/usr/bin/busybox' }) }))).toBeUndefined()
    expect(coveredBy('ls x', list(['ls *'], { programAt: toolchain({ ls: '/usr/bin/busybox' }) }))).toEqual(['ls *'])
    expect(coveredBy('ls x', list(['ls *'], { programAt: toolchain({ ls: '/usr/bin/dash' }) }))).toBeUndefined()
    expect(coveredBy('run-it', list(['run-it *'], { programAt: toolchain({ 'run-it': '/usr/bin/make' }) }))).toBeUndefined()
  })
})

describe('filters', () => {
  it.each([
    'head -5', 'head -n 5', 'tail -n+3', 'grep -i x', 'grep -m3 -- -x', 'grep -A 2 \'a b\'', 'sort -k2,2nr -t :', 'sort -rnu', 'uniq -c', 'wc -l', 'wc', 'tr a b', 'tr -d x', 'cut -d: -f1,3-5', 'cut -f 2 --output-delimiter=,', 'cat -n', 'jq .', 'jq -r \'.items[] | .name\'',
    'jq \'[.[] | select(.a == "x") | {"b": .c}] | length\'', 'jq -s \'map(.a) | add\'',
  ])('%s reads what comes in', (line) => expect(isSafeFilter(readCommands(line)?.[0]?.argv ?? [])).toBe(true))

  it('an entry is not needed for them, but the name must be on the list of filters', () => {
    expect(coveredBy('head -5 | wc -l', list([], { safeBins: ['head', 'wc'] }))).toEqual(['head as a filter', 'wc as a filter'])
    expect(coveredBy('head -5 | wc -l', list([], { safeBins: ['head'] }))).toBeUndefined()
    expect(coveredBy('awk x', list([], { safeBins: ['awk', 'ls'] }))).toBeUndefined()
    expect(coveredBy('ls', list([], { safeBins: ['awk', 'ls'] }))).toBeUndefined()
    expect(safeFilterNames).toContain('jq')
    for (const name of ['__proto__', 'constructor', 'toString']) expect(isSafeFilter([name])).toBe(false)
    for (const argv of [['head', '--__proto__'], ['head', '--constructor'], ['head', '-n'], ['grep'], ['tr']]) expect(isSafeFilter(argv), argv.join(' ')).toBe(false)
  })
})

describe('the owner\'s rules on commands', () => {
  const policy = (more: Partial<CommandPolicy> = {}): CommandPolicy => ({ ...list(['ls *']), security: 'full', ask: 'on-miss', ...more })
  const command = (what: string, plain = true) => ({ kind: 'runs-code' as const, what, plain })
  const asks = { kind: 'ask' as const, reason: 'read something' }
  const free = { kind: 'allow' as const }

  it('the list frees what it covers, of a turn that would have to ask', () => {
    expect(ruleOnCommand(asks, command('ls -l'), policy())).toEqual({ kind: 'allow', by: 'allow list: ls *' })
    expect(ruleOnCommand(asks, command('id'), policy())).toEqual(asks)
    expect(ruleOnCommand(free, command('id'), policy())).toEqual(free)
  })

  it('not where anything but the line steers the command, or nobody says that nothing does', () => {
    expect(ruleOnCommand(asks, command('ls -l', false), policy()).kind).toBe('ask')
    expect(ruleOnCommand(asks, { kind: 'runs-code', what: 'ls -l' }, policy()).kind).toBe('ask')
  })

  it('and never what is denied', () => {
    const denied = { kind: 'deny' as const, reason: 'no' }
    expect(ruleOnCommand(denied, command('ls'), policy())).toEqual(denied)
    expect(ruleOnCommand(free, command('ls'), policy({ security: 'deny' })).kind).toBe('deny')
  })

  it('stricter settings ask about, or refuse, more', () => {
    expect(ruleOnCommand(free, command('id'), policy({ security: 'allowlist' })).kind).toBe('ask')
    expect(ruleOnCommand(free, command('ls'), policy({ security: 'allowlist' })).kind).toBe('allow')
    expect(ruleOnCommand(free, command('id'), policy({ security: 'allowlist', ask: 'off' })).kind).toBe('deny')
    expect(ruleOnCommand(asks, command('id'), policy({ ask: 'off' })).kind).toBe('deny')
    expect(ruleOnCommand(free, command('id'), policy({ ask: 'off' })).kind).toBe('allow')
    expect(ruleOnCommand(free, command('ls'), policy({ ask: 'always' })).kind).toBe('ask')
  })
})
