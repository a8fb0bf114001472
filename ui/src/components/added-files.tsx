import type { VNode } from 'preact'
import { useRef } from 'preact/hooks'
import { text } from '../text.ts'
import type { OwnFile } from '../unsent.ts'
import { fileSize } from '../words.ts'
import { Icon, type IconName } from './icon.tsx'

/** What will go with the words; each can be taken away again. */
export function AddedFiles(props: { files: readonly OwnFile[]; onRemove(file: OwnFile): void }): VNode | null {
  if (props.files.length === 0) return null
  return (
    <ul class="attachments">
      {props.files.map((file, index) => {
        const name = file.kind === 'voice' ? text.voiceNote : file.fileName
        return (
          <li key={index} class={file.kind === 'image' ? '' : 'attached-file'}>
            {file.kind === 'image' ? <img src={`data:${file.mimeType};base64,${file.data}`} alt={text.attached(name)} /> : <><Icon name={file.kind === 'document' ? 'file' : 'mic'} /> <span class="clip">{name}</span> <span class="quiet">{fileSize(file.data.length * 0.75)}</span></>}
            <button type="button" aria-label={text.removeFile(name)} title={text.removeFile(name)} onClick={() => props.onRemove(file)}>
              <Icon name="close" />
            </button>
          </li>
        )
      })}
    </ul>
  )
}

/** A button that asks the device for files. */
export function Picker(props: { label: string; icon: IconName; accept?: string; capture?: 'environment'; multiple?: boolean; onFiles(files: Iterable<File>): unknown }): VNode {
  const input = useRef<HTMLInputElement>(null)
  return (
    <>
      <input
        ref={input}
        type="file"
        class="offscreen"
        accept={props.accept}
        capture={props.capture}
        multiple={props.multiple}
        tabIndex={-1}
        aria-hidden="true"
        onChange={(event) => {
          props.onFiles(event.currentTarget.files ?? [])
          event.currentTarget.value = ''
        }}
      />
      <button type="button" class="tool-button" aria-label={props.label} title={props.label} onClick={() => input.current?.click()}>
        <Icon name={props.icon} />
      </button>
    </>
  )
}
