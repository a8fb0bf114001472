import { expect, it } from 'vitest'
import { shellSteps } from './shell-steps.ts'

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
