import type { Prompts } from '@moltbot/contract'

/** Answers questions in order; `undefined` gives up. Keeps what was asked and said. A question nobody prepared for is an error. */
export function scriptPrompts(answers: (string | boolean | undefined)[]): Prompts & { asked: string[]; said: string[]; options: string[][] } {
  const asked: string[] = []
  const said: string[] = []
  const options: string[][] = []
  const next = (message: string): string | boolean | undefined => {
    asked.push(message)
    if (answers.length === 0) throw new Error(`nobody answers: ${message}`)
    return answers.shift()
  }
  const words = async (message: string): Promise<string | undefined> => {
    const answer = next(message)
    return typeof answer === 'boolean' ? String(answer) : answer
  }
  return {
    asked, said, options,
    intro: (text) => void said.push(text),
    info: (text) => void said.push(text),
    outro: (text) => void said.push(text),
    select: (question) => {
      options.push(question.options.map((option) => option.value))
      return words(question.message)
    },
    text: (question) => words(question.message),
    secret: (question) => words(question.message),
    confirm: async (question) => {
      const answer = next(question.message)
      return typeof answer === 'string' ? answer === 'yes' : answer
    },
    busy: (message) => {
      said.push(message)
      return (done) => void said.push(done)
    },
  }
}
