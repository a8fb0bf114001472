import type { FunctionComponent, VNode } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { text } from '../text.ts'

/** A part of the page that comes over the line when it is first needed: most visits are for talking. */
export function LatePart<Props extends object>(props: { load: () => Promise<FunctionComponent<Props>>; props: Props }): VNode {
  const [loaded, setLoaded] = useState<{ kind: 'loading' } | { kind: 'ready'; Part: FunctionComponent<Props> } | { kind: 'failed' }>({ kind: 'loading' })
  useEffect(() => {
    let gone = false
    props.load().then(
      (Part) => { if (!gone) setLoaded({ kind: 'ready', Part }) },
      // A gateway that was updated has files of other names: a reload finds them.
      () => { if (!gone) setLoaded({ kind: 'failed' }) },
    )
    return () => {
      gone = true
    }
  }, [props.load])
  if (loaded.kind === 'ready') return <loaded.Part {...props.props} />
  return (
    <div class="view">
      {loaded.kind === 'loading' ? <p class="quiet centre">{text.roomLoading}</p> : (
        <div class="gate" role="alert">
          <p>{text.roomFailed}</p>
          <button type="button" class="button" onClick={() => location.reload()}>{text.reload}</button>
        </div>
      )}
    </div>
  )
}
