// Every method of the API that this server has, by its name in lower case (names are case-insensitive on the wire).
import type { Method } from './call.ts';
import {
  deleteMessage,
  editMessageCaption,
  editMessageMedia,
  editMessageReplyMarkup,
  editMessageText,
} from './edit.ts';
import { deleteMyCommands, getMe, getMyCommands, makeGetText, makeSetText, setMyCommands } from './profile.ts';
import { answerCallbackQuery, answerInlineQuery, getChat, getFile } from './queries.ts';
import { sendChatAction, sendDocument, sendMessage, sendPhoto } from './send.ts';
import { deleteWebhook, getUpdates, getWebhookInfo, makeSetWebhook, type StartDelivery } from './updates.ts';

/** The table; `start` begins delivery to a webhook that was set. */
export function makeMethods(start: StartDelivery): Map<string, Method> {
  return new Map<string, Method>([
    ['getme', getMe],
    ['setwebhook', makeSetWebhook(start)],
    ['deletewebhook', deleteWebhook],
    ['getwebhookinfo', getWebhookInfo],
    ['getupdates', getUpdates],
    ['sendmessage', sendMessage],
    ['sendphoto', sendPhoto],
    ['senddocument', sendDocument],
    ['sendchataction', sendChatAction],
    ['editmessagetext', editMessageText],
    ['editmessagecaption', editMessageCaption],
    ['editmessagereplymarkup', editMessageReplyMarkup],
    ['editmessagemedia', editMessageMedia],
    ['deletemessage', deleteMessage],
    ['answercallbackquery', answerCallbackQuery],
    ['answerinlinequery', answerInlineQuery],
    ['setmycommands', setMyCommands],
    ['getmycommands', getMyCommands],
    ['deletemycommands', deleteMyCommands],
    ['setmydescription', makeSetText('description', 'description', 512)],
    ['setmyshortdescription', makeSetText('short_description', 'short_description', 120)],
    ['setmyname', makeSetText('name', 'name', 64)],
    ['getmydescription', makeGetText('description', 'description')],
    ['getmyshortdescription', makeGetText('short_description', 'short_description')],
    ['getmyname', makeGetText('name', 'name')],
    ['getfile', getFile],
    ['getchat', getChat],
  ]);
}
