import { useSignal, type Signal } from '@preact/signals'
import type { VNode } from 'preact'
import { useLayoutEffect, useRef } from 'preact/hooks'
import type { Desk } from '../desk.ts'
import { text } from '../text.ts'
import { shortModel } from '../words.ts'
import { giveFocusBack } from './focus-back.ts'
import { Icon } from './icon.tsx'

/** The model of this session, and the choice of another. A choice is strict: no other model answers in its place. */
export function ModelPicker(props: { desk: Desk; open: Signal<boolean> }): VNode {
  const { desk, open } = props
  const current = desk.currentModel.value
  const opener = useRef<HTMLButtonElement>(null)
  const place = useRef<HTMLDivElement>(null)
  useLayoutEffect(() => {
    if (!open.value) return
    const leave = (event: Event): void => {
      if (event.target instanceof Node && (place.current?.contains(event.target) === true || opener.current?.contains(event.target) === true)) return
      open.value = false
    }
    addEventListener('pointerdown', leave)
    return () => {
      removeEventListener('pointerdown', leave)
      giveFocusBack(opener.current)
    }
  }, [open.value])
  const name = current === undefined ? text.modelUnknown : (desk.models.value.find((model) => model.id === current)?.name ?? shortModel(current))
  return (
    <div class="picker">
      <button
        type="button"
        ref={opener}
        class="pill"
        aria-haspopup="dialog"
        aria-expanded={open.value}
        title={current}
        onClick={() => (open.value = !open.value)}
      >
        <span class="offscreen">{text.model}: </span>
        <span class="clip">{name}</span>
        <Icon name="down" />
      </button>
      {open.value ? (
        <div class="popover" ref={place} role="dialog" aria-label={text.actionModel}>
          <Choices desk={desk} close={() => (open.value = false)} />
        </div>
      ) : null}
    </div>
  )
}

function Choices(props: { desk: Desk; close: () => void }): VNode {
  const { desk } = props
  const wanted = useSignal('')
  const input = useRef<HTMLInputElement>(null)
  useLayoutEffect(() => input.current?.focus(), [])
  const query = wanted.value.trim().toLowerCase()
  const rows = desk.models.value.filter((model) => query === '' || `${model.name} ${model.id}`.toLowerCase().includes(query))
  const chosen = desk.session.value?.modelChosen === true ? desk.session.value.model : undefined
  const pick = (id: string | null, name: string): void => {
    props.close()
    void desk.chooseModel(id).then(() => desk.say('plain', text.modelPicked(name)))
  }
  const usual = desk.defaultModel.value
  const usualName = usual === undefined ? text.modelDefault : text.modelDefaultIs(desk.models.value.find((model) => model.id === usual)?.name ?? shortModel(usual))
  return (
    <>
      <label class="search">
        <Icon name="search" />
        <input ref={input} type="search" placeholder={text.modelSearch} aria-label={text.modelSearch} value={wanted.value} onInput={(event) => (wanted.value = event.currentTarget.value)} />
      </label>
      <ul class="choices">
        {query === '' ? (
          <li>
            <button type="button" class="choice" aria-pressed={chosen === undefined} onClick={() => pick(null, usualName)}>
              <span class="clip">{usualName}</span>
              {chosen === undefined ? <Icon name="check" /> : null}
            </button>
          </li>
        ) : null}
        {rows.map((model) => (
          <li key={model.id}>
            <button type="button" class="choice" aria-pressed={chosen === model.id} disabled={!model.available} onClick={() => pick(model.id, model.name)}>
              <span class="choice-words">
                <span class="clip">{model.name}</span>
                <span class="choice-detail clip">{model.available ? model.provider : `${model.provider} · ${text.modelMissing}`}</span>
              </span>
              {chosen === model.id ? <Icon name="check" /> : null}
            </button>
          </li>
        ))}
        {rows.length === 0 ? <li class="quiet rows-empty">{text.modelNone}</li> : null}
      </ul>
    </>
  )
}
