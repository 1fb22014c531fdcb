// Live events of the chats as server-sent events: new messages, edits, deletions, toasts, "typing", changed menus.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ChatEvent, State } from './state.ts';
import { viewMessage } from './view.ts';

const HEARTBEAT_MS = 15_000;

/** Streams the events of one person's chats, or of all when `who` is undefined, until the reader goes. */
export function streamEvents(
  state: State,
  who: number | undefined,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  response.writeHead(200, {
    'content-type': 'text/event-stream',
    'cache-control': 'no-cache',
    connection: 'keep-alive',
  });
  response.write(': hello\n\n');
  const listener = (event: ChatEvent) => {
    if (who !== undefined && event.chat && !event.chat.people.has(who)) return;
    if (who !== undefined && event.toast && event.toast.person !== who) return;
    response.write(`data: ${JSON.stringify(describe(state, event))}\n\n`);
  };
  const heartbeat = setInterval(() => response.write(': still here\n\n'), HEARTBEAT_MS);
  state.listeners.add(listener);
  request.on('close', () => {
    clearInterval(heartbeat);
    state.listeners.delete(listener);
  });
}

function describe(state: State, event: ChatEvent): unknown {
  const { type, bot, chat, held, toast, action } = event;
  return {
    type,
    bot: bot.username,
    chat_id: chat?.chat.id,
    ...(held ? { message: viewMessage(state, held), keyboard: chat?.keyboard ?? null } : {}),
    ...(toast ? { toast } : {}),
    ...(action ? { action } : {}),
  };
}
