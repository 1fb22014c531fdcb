// The names of the keys in the session Redis. Keys that one script touches carry the same hash tag in braces, so that
// the session Redis may become a cluster; everything of one person lies together.

/** Someone on a channel: the channel's name and its immutable id for them. */
export type Who = { readonly channel: string; readonly externalId: string };

const tag = (who: Who): string => `{${who.channel}:${who.externalId}}`;

export const keys = {
  update: (who: Who, bot: string, updateId: string): string => `update:${tag(who)}:${bot}:${updateId}`,
  parked: (who: Who, bot: string, updateId: string): string => `parked:${tag(who)}:${bot}:${updateId}`,
  lock: (who: Who): string => `lock:${tag(who)}`,
  session: (who: Who): string => `session:${tag(who)}`,
  rate: (who: Who): string => `rate:${tag(who)}`,
  told: (who: Who): string => `told:${tag(who)}`,
  groupRate: (channel: string, chatId: string): string => `rate:{${channel}/${chatId}}`,
  groupTold: (channel: string, chatId: string): string => `told:{${channel}/${chatId}}`,
  /** In a private chat the chat's id is the person's, so their clock lies beside their session. */
  chatPace: (channel: string, bot: string, chatId: string): string => `pace:{${channel}:${chatId}}:${bot}`,
  botPace: (channel: string, bot: string): string => `pace:{${channel}/${bot}}`,
  draft: (id: string): string => `draft:{${id}}`,
  lease: (name: string): string => `lease:{${name}}`,
  leaseCount: (name: string): string => `lease-count:{${name}}`,
  /** What is kept of a notice lies beside the clock of the chat it goes to. */
  tries: (channel: string, chatId: string, id: string): string => `tries:{${channel}:${chatId}}:${id}`,
  lostTries: (channel: string, chatId: string, id: string): string => `lost:{${channel}:${chatId}}:${id}`,
  slot: (channel: string, chatId: string, id: string): string => `slot:{${channel}:${chatId}}:${id}`,
  instancesSince: 'instances:{all}:since',
  instancesBeat: 'instances:{all}:beat',
  instancesAbout: 'instances:{all}:about',
  /** Who wrote within a span of time, counted and not listed. */
  seen: (span: number): string => `seen:{all}:${span}`,
  /** What a tick found. */
  found: (name: string): string => `found:${name}`,
  sendable: 'sendable',
  loads: 'loads',
  watchdog: 'watchdog',
  unlocked: (userId: string): string => `unlocked:{${userId}}`,
  webLink: (hash: string): string => `web-link:{${hash}}`,
  webSession: (userId: string): string => `web-session:{${userId}}`,
};
