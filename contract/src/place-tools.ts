import { Type } from 'typebox'

const names = (description: string) => Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 100 }), { maxItems: 200, description }))
const lists = {
  allow: names('Only these tools. Absent: whatever the agent has.'),
  deny: names('Never these tools; stronger than `allow`.'),
}

/** What a channel's section says about tools in one of its places. They only take away from what the agent has; the gateway enforces them. */
export const placeToolKeys = {
  tools: Type.Optional(Type.Object(lists, { description: 'Which of the agent\'s tools there are here, by name, `group:…` or `*`. Absent: all.' })),
  toolsBySender: Type.Optional(Type.Record(Type.String(), Type.Object(lists), { description: 'Which of them for single senders, by id; `*` stands for everybody who is not named.' })),
}
