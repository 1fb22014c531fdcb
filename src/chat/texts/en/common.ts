// English: the menu, the first steps, help and what the conversation itself says.
import { bold, code, type Rich, rich } from '../../rich.ts';

export const about = {
  /** Stands in the empty chat, before Start is pressed: 512 characters at most. */
  description: `Satfleet is a bitcoin wallet in your chat.

⚡ Pay and be paid over Lightning, in seconds
👋 Send sats to friends by their @name, free
💱 See beside it what they are worth in your money

We keep your sats for you, and never ask for a PIN or a password. Kiswahili pia.

Press Start: two taps, and you are ready.`,
  /** On the bot's profile, and with a link to it: 120 characters at most. */
  short: 'A bitcoin wallet in your chat: pay, be paid, send to friends over Lightning. English, Kiswahili.',
};

export const menu = {
  start: 'Your wallet, and the first steps',
  balance: 'What you have',
  receive: 'Get paid: make an invoice',
  pay: 'Pay a Lightning invoice',
  send: 'Send sats to someone',
  request: 'Ask someone for sats',
  history: 'What came in and went out',
  rate: 'Price of bitcoin in your money',
  settings: 'Language and currency',
  help: 'What you can do here',
  cancel: 'Leave a question unanswered',
};

export const buttons = {
  pay: 'Pay',
  send: 'Send',
  cancel: 'Cancel',
  decline: 'Decline',
  details: 'Details',
  retract: 'Take it back',
  cancelRequest: 'Cancel the request',
  newest: '⏮ Newest',
  older: 'Older ▶',
  back: '◀ Back',
  language: 'Language',
  currency: 'Currency',
  receive: 'Receive',
  balance: 'Balance',
};

export const start = {
  /** Asked in both languages at once, before we know which one is understood. */
  chooseLanguage: (): Rich => rich`👋 Karibu! Welcome! ${bold('Satfleet')} is a bitcoin wallet in your chat.

Your wallet is ready. Which language do you prefer? / Wallet yako iko tayari. Unapendelea lugha gani?`,
  chooseCurrency: (): Rich =>
    rich`Which money do you think in? You hold bitcoin (sats); I show you beside it what that is worth.`,
  ready: (balance: Rich): Rich => rich`✅ All set. You have ${balance}.

To be paid: /receive
To pay an invoice: paste it here
To send to a friend: /send 100 @friend
Everything else: /help`,
  home: (name: Rich, balance: Rich): Rich => rich`Hello, ${name}. You have ${balance}.

To be paid: /receive
To pay an invoice: paste it here
To send to a friend: /send 100 @friend
Everything else: /help`,
  claimed: (amount: Rich, from: Rich, note: Rich): Rich =>
    rich`🎁 ${amount} from ${from} are now in your wallet. They are yours to spend.${note}`,
};

export const help = {
  topics: (): Rich => rich`${bold('What you can do here')}

You hold bitcoin, counted in sats (100,000,000 sats are one bitcoin). It moves over Lightning: in seconds, for very little.

Choose a topic, or just try a button below.`,
  labels: { receive: 'Being paid', pay: 'Paying', send: 'Sending to friends', amounts: 'Amounts', safety: 'Safety' },
  receive: (): Rich => rich`${bold('Being paid')}

${code('/receive 500')} makes an invoice for 500 sats: a QR picture to scan and a text to copy.
${code('/receive KES 200 lunch')} asks for that much in sats, with a note.
${code('/receive')} alone leaves the amount to the payer.

When the sats are in your wallet I tell you, and the picture goes away.`,
  pay: (): Rich => rich`${bold('Paying')}

Paste or forward a Lightning invoice (it begins with ${code('lnbc')}). You see a card with the amount and the highest fee. Nothing moves before you tap Pay.

If a payment fails, all of your sats come back by themselves.`,
  send: (): Rich => rich`${bold('Sending to friends')}

${code('/send 100 @friend')} sends at once and costs nothing.
${code('/send 100 @friend thanks')} adds a note.
${code('/request 100 @friend')} asks for sats; they choose to pay or not.

Your friend is not here yet? You get a link for them. If nobody opens it within 21 days, your sats come back.`,
  amounts: (): Rich => rich`${bold('Amounts')}

A plain number means sats. You can write ${code('500')}, ${code('1.2k')}, ${code('1,000')}, ${code('0.001 btc')}, ${code('KES 200')}, ${code('200 bob')} or ${code('all')}.
If an amount could mean two things, I ask you which.`,
  safety: (): Rich => rich`${bold('Safety')}

Sats on the way are kept aside: they arrive, or they come back to you. I never ask for a PIN, a password or secret words. Nobody from Satfleet will write to you first to ask for money.

Check the name on the card before you tap Send. What has arrived cannot be called back.`,
};

export const settings = {
  news: (isMuted: boolean): Rich => rich`\nNews from us: ${isMuted ? 'muted' : 'now and then'}`,
  mute: '🔕 Mute our news',
  unmute: '🔔 Hear our news',
  newsMuted: (): Rich =>
    rich`🔕 You get no more news from us. What concerns your money still comes. To hear it again: /settings`,
  newsWanted: (): Rich => rich`🔔 You will hear our news again, now and then. To mute it: /settings`,
  show: (language: string, currency: string): Rich => rich`${bold('Your settings')}

Language: ${language}
Currency: ${currency}

Tap what you want to change. Your sats stay as they are.`,
  languageSet: (): Rich => rich`✅ From now on I speak English with you.`,
  currencySet: (currency: string): Rich =>
    rich`✅ From now on I show amounts in ${currency} beside sats. Your sats stay as they are.`,
  chooseLanguage: (): Rich => rich`Which language do you prefer? / Unapendelea lugha gani?`,
  chooseCurrency: (): Rich => rich`Which currency shall I show beside sats?`,
};

export const talk = {
  nothingToCancel: (): Rich => rich`There is nothing to cancel. To see what you can do: /help`,
  left: (): Rich => rich`OK, left it there. Nothing was sent and nothing has changed.`,
  unknown: (): Rich =>
    rich`I did not understand that. Nothing has changed. Write /help to see what you can do, or paste an invoice to pay it.`,
  didYouMean: (commands: Rich): Rich => rich`I did not understand that. Nothing has changed. Did you mean ${commands}?`,
  or: ' or ',
  noInvoiceForwarded: (): Rich =>
    rich`I found no Lightning invoice in that message. Nothing has changed. Forward the message that has it, or paste the invoice itself.`,
  onlyText: (): Rich =>
    rich`I can only read text so far. Nothing has changed. To pay, paste the invoice as text; for all else: /help`,
  privateOnly: (bot: string): Rich =>
    rich`That is between you and me: your money is not shown in a group. Open a private chat with @${bot} and write it there.`,
  stillAtIt: (): Rich =>
    rich`We are very busy, so this takes longer than it should. Your money is safe. I am still at it and my answer comes here by itself: please do not do it again meanwhile.`,
  unavailable: (): Rich =>
    rich`Sorry, I cannot reach a part of our system just now. Your money is safe. Please try again in a moment; to see what was done: /history`,
  fault: (trace: Rich): Rich =>
    rich`Sorry, something went wrong on our side. Your money is safe: what had begun is finished or undone by itself. Please look at /history before you try again. If it stays, tell us this number: ${trace}`,
  choose: (): Rich => rich`Answer with a number.`,
  tapped: 'Done already. Nothing was done twice.',
};
