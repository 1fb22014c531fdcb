// What the chat bench compares with: a bare telegraf bot behind a bare HTTP server, that answers every text with itself.
import { createServer } from 'node:http';
import { Telegraf } from 'telegraf';

const [token = '', apiRoot = '', port = '0'] = process.argv.slice(2);
const bot = new Telegraf(token, { telegram: { apiRoot, webhookReply: false } });
bot.on('text', (context) => context.reply(context.message.text));
const path = '/echo';
const hook = bot.webhookCallback(path);
createServer((request, response) => void hook(request, response)).listen(Number(port), '127.0.0.1', async () => {
  await bot.telegram.setWebhook(`http://127.0.0.1:${port}${path}`, { max_connections: 100 });
  console.log(JSON.stringify({ ready: true }));
});
