import { expect, it } from 'vitest'
import { onlyLooks, shellSteps } from './shell-steps.ts'

const named = (line: string): string[] => shellSteps(line).map(({ program, operand }) => `${program} ${operand}`.trim())

it.each([
  ['make deploy', ['make deploy']],
  ['cd app && npm ci && npm -s test; echo "a && b"', ['cd app', 'npm ci', 'npm test', 'echo a && b']],
  ['A=1 sudo -n /usr/bin/python3.11 \'my file.py\'', ['-n /usr/bin/python3.11']],
  ['A=1 sudo /usr/bin/python3.11 \'my file.py\'', ['python my file.py']],
  ['cat x | grep -c y 2>&1', ['cat x', 'grep y']],
  ['a\nb \\; c', ['a', 'b ;']],
  ['', []],
  ['"unfinished', ['unfinished']],
])('the steps of %j', (line, steps) => {
  expect(named(line)).toEqual(steps)
})

it.each(['grep -r x . 2>/dev/null', 'cd a && git status', 'diff a b | head -3', 'find . -name x', 'test -f x && echo yes'])('%j only looks', (line) => expect(onlyLooks(line)).toBe(true))
it.each(['make', 'grep x y > z', 'find . -delete', 'git push', 'cd a && rm b', 'echo $(rm x)', 'exit 3', 'sleep 1; ./run'])('%j does more', (line) => expect(onlyLooks(line)).toBe(false))
