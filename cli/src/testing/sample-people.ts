/** The owner and Ann, as `principals.list` answers. */
export const samplePeople = {
  profiles: ['child'],
  people: [
    { id: 'owner', name: null, role: 'owner', profile: null, via: 'owner', senders: [] },
    { id: 'pr_ann01', name: 'Ann\u001b[2J', role: 'member', profile: 'child', profileMissing: true, via: 'pairing', senders: [{ channel: 'pigeon', account: 'default', sender: '7', since: 1 }] },
    { id: 'pr_ann02', name: 'Ann', role: 'member', profile: null, via: 'list', senders: [{ channel: 'pigeon', account: 'default', sender: '8', since: 1 }] },
  ],
}
