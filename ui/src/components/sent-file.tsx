import type { VNode } from 'preact'
import { text } from '../text.ts'
import type { AnswerButton, SentFile } from '../wire.ts'
import { fileSize } from '../words.ts'
import { Icon } from './icon.tsx'
import { useKept } from './kept.ts'

/** Pictures a browser draws without running anything. */
const drawn = /^image\/(?:png|jpeg|gif|webp)$/

/** Files the assistant sent: each can be fetched, and a picture is shown. */
export function FileCards(props: { files: readonly SentFile[] }): VNode {
  return (
    <>
      {props.files.map((file) => {
        const address = `./files/${encodeURIComponent(file.id)}`
        return (
          <figure key={file.id} class="file-card">
            {file.kind === 'image' && drawn.test(file.mimeType) ? <img src={address} alt={text.attached(file.fileName)} loading="lazy" /> : null}
            <figcaption>
              <a class="button" href={address} download={file.fileName} aria-label={text.fetchFile(file.fileName)}>
                <Icon name="down" /> {file.fileName} <span class="quiet">{fileSize(file.sizeBytes)}</span>
              </a>
            </figcaption>
          </figure>
        )
      })}
    </>
  )
}

/** Answers to tap. One is given, once, `of` one message. `isSpent`: what it asked is answered or no longer asked; looked at anew whenever that changes. */
export function AnswerButtons(props: { of: object; buttons: readonly AnswerButton[]; isSpent(): boolean; onAnswer(says: string): void }): VNode {
  const [given, setGiven] = useKept<string | undefined>(props.of, 'answer', undefined)
  const spent = props.isSpent()
  const over = given !== undefined || spent
  const answer = (says: string) => (): void => {
    if (over) return
    setGiven(says)
    props.onAnswer(says)
  }
  return (
    <div class="answer-buttons">
      {props.buttons.map(({ label, says }) => (
        <button key={says} type="button" class={`button${given === says ? ' primary' : ''}`} aria-disabled={over} onClick={answer(says)}>{label}</button>
      ))}
      {spent ? <span class="quiet">{text.buttonsSpent}</span> : null}
    </div>
  )
}
