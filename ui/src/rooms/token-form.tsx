import type { VNode } from 'preact'
import { useId, useState } from 'preact/hooks'
import '../styles/channels.css'
import type { Stage } from '../stage.ts'
import { channelsText as say } from './channels-text.ts'
import { keepTokens, type Network } from './networks.ts'

/** What a network that nothing but tokens connects is given; they are kept sealed where the gateway has a vault. */
export function TokenForm(props: { stage: Stage; network: Network; busy: boolean; act: (task: () => Promise<string | undefined>) => void; again: () => void; onDone: () => void }): VNode {
  const { stage, network, act } = props
  const [typed, setTyped] = useState<ReadonlyMap<string, string>>(new Map())
  const id = useId()
  const [first] = network.tokens
  const ready = first === undefined || first.set || (typed.get(first.key) ?? '').trim() !== ''
  return (
    <form class="token-form inset" onSubmit={(event) => {
      event.preventDefault()
      if (!ready || props.busy) return
      act(async () => {
        await keepTokens(stage, network, new Map([...typed].map(([key, value]) => [key, value.trim()] as const).filter(([, value]) => value !== '')))
        props.again()
        props.onDone()
        return say.connected(network.label)
      })
    }}>
      {network.tokens.map((token, index) => (
        <div key={token.key} class="token">
          <label class="field" for={`${id}-${token.key}`}>
            <span>{say.token(token.key)}</span>
            <input
              id={`${id}-${token.key}`} type="password" autocomplete="off" spellcheck={false} aria-describedby={`${id}-${token.key}-help`} placeholder={token.set ? say.tokenSet : index === 0 ? '' : say.tokenOptional}
              value={typed.get(token.key) ?? ''} onInput={(event) => setTyped(new Map([...typed, [token.key, event.currentTarget.value]]))}
            />
          </label>
          <p class="quiet" id={`${id}-${token.key}-help`}>{token.help}</p>
        </div>
      ))}
      <button type="submit" class="button small primary" disabled={!ready} aria-disabled={props.busy}>{say.connect}</button>
    </form>
  )
}
