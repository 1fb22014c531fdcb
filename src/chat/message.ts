// The two shapes between a channel and the conversation: what a person did (Incoming) and what we answer (Reply).
// A channel translates both ways and decides nothing; the conversation never learns which channel it speaks through
// beyond what that face can show.
import type { Rich } from './rich.ts';

/** What a face can show. A face without buttons gets numbered choices, one without edits a new message. */
export type Face = { readonly buttons: boolean; readonly edits: boolean; readonly pictures: boolean };

export type Body =
  | { readonly kind: 'text'; readonly text: string; readonly messageId: string; readonly forwarded: boolean }
  | { readonly kind: 'press'; readonly data: string; readonly messageId: string; readonly photo: boolean }
  /** The person blocked or unblocked the bot. */
  | { readonly kind: 'reach'; readonly blocked: boolean }
  /** Something we cannot read yet: a picture, a voice, a sticker. */
  | { readonly kind: 'other' };

/** Someone as the channel names them. `externalId` is the channel's immutable id; the rest is for display. */
export type ChannelPerson = {
  readonly externalId: string;
  readonly username?: string;
  readonly name?: string;
};

export type Incoming = {
  readonly channel: string;
  /** The name under which we were written to (a bot's username, a number). */
  readonly bot: string;
  readonly chatId: string;
  readonly isPrivate: boolean;
  readonly from: ChannelPerson;
  /** The person's own language setting, as the channel tells it ("sw", "pt-br"). */
  readonly languageCode?: string;
  /** Whose message this one answers. */
  readonly replyTo?: ChannelPerson & { readonly isBot: boolean };
  readonly body: Body;
  readonly face: Face;
  readonly traceId: string;
};

/** `data` goes back to us when pressed: at most 64 bytes, `command:argument`, never secret, always checked again. */
export type Button =
  | { readonly label: string; readonly data: string }
  | { readonly label: string; readonly url: string }
  | { readonly label: string; readonly copy: string };

export type Reply = {
  readonly text: Rich;
  readonly buttons?: readonly (readonly Button[])[];
  /** Sent as a QR picture with `text` as its caption. */
  readonly qr?: string;
  /** Replaces the message whose button was pressed (its buttons vanish with it), where the face can. */
  readonly edit?: boolean;
  /** Comes without a sound: nobody waits for it. */
  readonly silent?: boolean;
  /** News about this subject will edit this message. */
  readonly subjectId?: string;
};

/** What comes by news of its own. Whoever still misses it a moment later reads `reply`, so that nobody waits in silence. */
export type Awaited = { readonly isMissing: () => Promise<boolean>; readonly reply: Reply };

/** All that answers one update. `toast` is the small note over a pressed button. */
export type Answer = {
  readonly replies: readonly Reply[];
  readonly toast?: string;
  readonly awaited?: Awaited;
};

/** What any instance must know to answer this person's next message. Lives in the session Redis under their identity. */
export type Session = {
  readonly userId: string;
  readonly walletId: string;
  readonly language: string;
  readonly currency: string;
  readonly zone: string;
  readonly role: string;
  /** The chat's row, so that a card can be remembered. */
  readonly chatRowId: string;
  readonly onboarded: boolean;
  /** Under which name, in which chat and by which bot we last saw them: when it changes, names are looked up anew. */
  readonly seenAs?: string;
  /** The question we asked last and what was given before it. */
  readonly wizard?: {
    readonly command: string;
    readonly given: Readonly<Record<string, string>>;
    readonly asked: string;
    /** Whatever is said next is taken away from the chat. */
    readonly isSecret?: boolean;
  };
  /** The buttons of our last answer: what `yes` and `no` mean, and the numbers 1, 2, 3 on a face without buttons. */
  readonly choices?: readonly string[];
};
