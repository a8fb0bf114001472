import type { VNode } from 'preact'
import '../styles/lent.css'
import { lentText as say } from '../lent/lent-text.ts'
import { lentCommands, type LentCommand } from '../lending.ts'
import type { Stage } from '../stage.ts'
import { fields, list, words } from '../wire.ts'
import { clockTime, sessionTitle } from '../words.ts'
import { Item, Panel, useAnswer } from './pieces.tsx'

interface OpenPage { id: string; name: string; visible: boolean | undefined; commands: LentCommand[] }

function readPages(payload: unknown): OpenPage[] {
  return list(fields(payload)['nodes']).flatMap((value) => {
    const raw = fields(value)
    const id = words(raw['nodeId'])
    if (id === undefined) return []
    const known = list(raw['commands'])
    return [{ id, name: words(raw['displayName']) ?? id, visible: typeof raw['visible'] === 'boolean' ? raw['visible'] : undefined, commands: lentCommands.filter((command) => known.includes(command)) }]
  })
}

/** What the assistant may do through this page without a question, what it may ask for at all, and where else it could ask. */
export function LentPanel(props: { stage: Stage }): VNode | null {
  const { desk, lending } = props.stage
  const { answer } = useAnswer(props.stage, 'node.list', {}, readPages)
  if (answer.kind === 'absent') return null
  const grants = lending.grants.value
  return (
    <Panel title={say.panel} hint={say.panelHint} count={grants.length} wide>
      {grants.length === 0 ? <p class="quiet">{say.none}</p> : (
        <ul class="items">
          {grants.map((grant) => (
            <Item
              key={`${grant.command} ${grant.agentId} ${grant.sessionKey}`}
              icon="key"
              title={say.names[grant.command]}
              detail={`${say.grant(grant.agentName, sessionTitle(desk.sessions.value.find((row) => row.key === grant.sessionKey), grant.sessionKey))} · ${grant.until === undefined ? say.grantPage : say.grantUntil(clockTime(grant.until))}`}
            >
              <button type="button" class="button small" aria-label={say.takeBackOf(say.names[grant.command])} onClick={() => {
                lending.takeBack(grant)
                desk.say('plain', say.takenBack)
              }}>{say.takeBack}</button>
            </Item>
          ))}
        </ul>
      )}
      <div class="lent-wishes" role="group" aria-label={say.mayAsk}>
        <h3>{say.mayAsk}</h3>
        {lentCommands.map((command) => (
          <label key={command} class="check">
            <input type="checkbox" checked={!lending.never.value.has(command)} onChange={(event) => lending.refuse(command, !event.currentTarget.checked)} />{say.names[command]}
          </label>
        ))}
        <p class="quiet">{say.mayAskHint}</p>
      </div>
      {answer.kind !== 'ready' || answer.value.length === 0 ? null : (
        <>
          <h3 class="lent-heading">{say.others}</h3>
          <ul class="items">
            {answer.value.map((page) => (
              <Item key={page.id} icon="device" title={page.name} detail={[page.visible === undefined ? '' : page.visible ? say.here : say.away, page.commands.map((command) => say.names[command]).join(', ')].filter((part) => part !== '').join(' · ')} />
            ))}
          </ul>
        </>
      )}
    </Panel>
  )
}
