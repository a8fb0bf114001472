import { expect, it } from 'vitest'
import { freeName, hideSecrets, markOf } from './pasted-secrets.ts'

const anthropic = 'sk-ant-api03-Kd8fJq2mZx7Wv4LpR9sT1yUoIeAhGcBnXzQwErTyUiOp'
const github = 'ghp_R4nd0mT0kenV4lu3Th4tL00ksR34lXyZ12aB'

it('puts a name in the place of a key', () => {
  const { text, found } = hideSecrets(`use ${anthropic}, please`)
  expect(text).toBe('use [secret anthropic-api-key], please')
  expect(found).toEqual([{ name: 'anthropic-api-key', value: anthropic }])
})

it('names the same value the same and numbers different ones, also across texts', () => {
  const other = github.replace('R4nd', 'Qw8k')
  const first = hideSecrets(`${github} ${other} ${github}`)
  expect(first.text).toBe('[secret github-token] [secret github-token-2] [secret github-token]')
  expect(hideSecrets(other, first.found)).toEqual({ text: '[secret github-token-2]', found: [] })
})

it.each(['_', '__', '*', '**', '`', '~~', '||', '<u>'])('finds it between marks of formatting, and takes no mark for a part of it: %s', (mark) => {
  for (const value of [anthropic, github, '7123456789:AAKd8fJq2mZx7Wv4LpR9sT1yUoIeAhGcBnX']) {
    const { text, found } = hideSecrets(`use ${mark}${value}${mark}, please`)
    expect(found).toEqual([{ name: expect.any(String), value }])
    expect(text).toBe(`use ${mark}[secret ${found[0]?.name ?? ''}]${mark}, please`)
  }
  // Without one before it, an underscore at its end is its own.
  expect(hideSecrets(`use ${anthropic}_`).found).toEqual([{ name: 'anthropic-api-key', value: `${anthropic}_` }])
})

it('finds a key of several lines whole', () => {
  const pem = `-----BEGIN OPENSSH PRIVATE KEY-----\n${'b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQ\n'.repeat(4)}-----END OPENSSH PRIVATE KEY-----`
  expect(hideSecrets(`here:\n${pem}\nthanks`).text).toBe('here:\n[secret private-key]\nthanks')
})

it.each(['AKIAQWERTZ23456UIOPA', 'ftp://a:Rt5!x9@abc', `-----BEGIN PRIVATE KEY-----\n${'Kd8fJq2m\n'.repeat(6)}-----END PRIVATE KEY-----`])('finds the shortest there are: %s', (value) => {
  expect(hideSecrets(value).found).toEqual([{ name: expect.any(String), value }])
})

it.each([
  'sk-ant-xxxxxxxxxxxxxxxxxxxxxxxxxxxx', 'sk-ant-your-key-goes-here-please', 'the commit 3f786850e387550fdab836ed7e6dc881de23001b', 'AKIAIOSFODNN7EXAMPLE',
  'postgres://localhost:5432/app', 'a task-list-of-things-that-are-still-to-do-this-week', '[secret anthropic-api-key]', 'ghp_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
])('leaves %s', (text) => {
  expect(hideSecrets(text)).toEqual({ text, found: [] })
})

it('finds the next free name', () => {
  expect(freeName('a', (name) => ['a', 'a-2'].includes(name))).toBe('a-3')
  expect(markOf('a')).toBe('[secret a]')
})

it.each(['-----BEGIN PRIVATE KEY-----', 'eyJ', 'eyJaaaaaaaaaa.', 'sk-ant-', 'postgres://a:', 'MAAAAAAAAAAAAAAAAAAAAAAA.'])('is through with a long text of %s', (piece) => {
  // What would take exponential time runs into the time limit of the test.
  expect(hideSecrets(piece.repeat(Math.ceil(200_000 / piece.length))).text.length).toBeGreaterThan(0)
})
