// Links into a chat, per channel. A channel without a line here has none, and people get words to type instead.

const LINKS: Readonly<Record<string, (bot: string, code: string) => string>> = {
  telegram: (bot, code) => `https://t.me/${bot}?start=${code}`,
};

/** A link that opens a chat with `bot` and says `/start code` there. */
export function startLink(channel: string, bot: string, code: string): string | undefined {
  return LINKS[channel]?.(bot, code);
}
