// The objects of the Bot API that this server speaks, as they stand on the wire (names and shapes are Telegram's).
// Only what a wallet bot meets is here; everything else a client sends along is ignored, as the real server does.

export interface User {
  id: number;
  is_bot: boolean;
  first_name: string;
  last_name?: string;
  username?: string;
  language_code?: string;
}

export interface Chat {
  id: number;
  type: 'private' | 'group' | 'supergroup';
  title?: string;
  first_name?: string;
  last_name?: string;
  username?: string;
}

export interface Entity {
  type: string;
  offset: number;
  length: number;
  url?: string;
  language?: string;
  user?: User;
  custom_emoji_id?: string;
}

export interface InlineButton {
  text: string;
  callback_data?: string;
  url?: string;
  copy_text?: { text: string };
  web_app?: { url: string };
  switch_inline_query?: string;
  switch_inline_query_current_chat?: string;
  style?: string;
}

export interface InlineKeyboard {
  inline_keyboard: InlineButton[][];
}

export interface KeyboardButton {
  text: string;
  request_contact?: boolean;
  request_location?: boolean;
}

export interface ReplyKeyboard {
  keyboard: KeyboardButton[][];
  resize_keyboard?: boolean;
  one_time_keyboard?: boolean;
  is_persistent?: boolean;
  input_field_placeholder?: string;
}

export type Markup = InlineKeyboard | ReplyKeyboard | { remove_keyboard: true } | { force_reply: true };

export interface PhotoSize {
  file_id: string;
  file_unique_id: string;
  width: number;
  height: number;
  file_size: number;
}

export interface Document {
  file_id: string;
  file_unique_id: string;
  file_name?: string;
  mime_type?: string;
  file_size: number;
}

export interface Contact {
  phone_number: string;
  first_name: string;
  last_name?: string;
  user_id?: number;
}

export interface Message {
  message_id: number;
  from: User;
  chat: Chat;
  date: number;
  edit_date?: number;
  forward_origin?: { type: 'user'; sender_user: User; date: number } | ForwardedByName;
  reply_to_message?: Message;
  via_bot?: User;
  text?: string;
  entities?: Entity[];
  photo?: PhotoSize[];
  document?: Document;
  caption?: string;
  caption_entities?: Entity[];
  contact?: Contact;
  reply_markup?: InlineKeyboard;
}

export interface ForwardedByName {
  type: 'hidden_user';
  sender_user_name: string;
  date: number;
}

export interface CallbackQuery {
  id: string;
  from: User;
  message: Message | { chat: Chat; message_id: number; date: 0 };
  chat_instance: string;
  data: string;
}

export interface InlineQuery {
  id: string;
  from: User;
  query: string;
  offset: string;
  chat_type: 'sender';
}

export interface ChatMember {
  user: User;
  status: 'member' | 'kicked' | 'left';
  until_date?: number;
}

export interface ChatMemberUpdated {
  chat: Chat;
  from: User;
  date: number;
  old_chat_member: ChatMember;
  new_chat_member: ChatMember;
}

export interface UpdateBody {
  message?: Message;
  callback_query?: CallbackQuery;
  inline_query?: InlineQuery;
  chosen_inline_result?: { result_id: string; from: User; query: string };
  my_chat_member?: ChatMemberUpdated;
}

export type UpdateKind = keyof UpdateBody;

export interface Update extends UpdateBody {
  update_id: number;
}

export interface BotCommand {
  command: string;
  description: string;
}
