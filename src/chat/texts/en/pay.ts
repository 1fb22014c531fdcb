// English: the cards before money moves, and what follows a tap on them.
import { bold, type Rich, rich } from '../../rich.ts';

export const pay = {
  askInvoice: (): Rich => rich`Paste the Lightning invoice you want to pay; it begins with lnbc. (/cancel to leave)`,
  card: (amount: Rich): Rich => rich`${bold('Pay this?')}\nAmount: ${amount}`,
  fee: (ceiling: Rich): Rich => rich`\nFee: at most ${ceiling}; what is not needed comes back`,
  noFee: (): Rich => rich`\nFee: none, the payee is at Satfleet too`,
  payee: (payee: Rich, isKnown: boolean): Rich =>
    rich`\nTo: ${payee}, ${isKnown ? 'whom you have paid before' : 'for the first time'}`,
  note: 'For',
  until: (time: string): Rich => rich`\nValid until: ${time}`,
  line: (ahead: string, wait: string | undefined): Rich =>
    rich`\n\n🕐 Many people are paying just now: ${ahead} payments are ahead of yours${wait ? `, about ${wait}` : ''}.`,
  twin: (number: string): Rich =>
    rich`\n\n⚠️ A payment of this amount to this payee is still under way: no. ${number}. If you pay now, you may pay twice.`,
  sending: (amount: Rich): Rich =>
    rich`⏳ Paying ${amount}. Your sats are set aside: they arrive, or they come back to you. I will tell you how it ends.`,
  waiting: (amount: Rich): Rich =>
    rich`⏳ Your payment of ${amount} is noted and your sats are set aside. We are a little behind just now; it goes out by itself. Please do not pay again.`,
  dropped: (): Rich => rich`Cancelled. Nothing was sent and your sats are where they were.`,
};

export const send = {
  askPayee: (): Rich => rich`Who shall get it? Write their name here, such as @friend. (/cancel to leave)`,
  badPayee: (): Rich => rich`That is not a username, so nothing was done. It looks like @friend.`,
  phone: (): Rich =>
    rich`I cannot send to a phone number yet, so nothing was sent. Ask for their @name and write it here; if they are not here yet, you get a link for them. (/cancel to leave)`,
  card: (amount: Rich, to: Rich): Rich => rich`${bold('Send this?')}\nAmount: ${amount}\nTo: ${to}`,
  isNew: (): Rich => rich`\n⚠️ They are new here. Make sure it is the person you mean.`,
  notHere: (): Rich =>
    rich`\nThey are not here yet: you get a link for them. Whoever opens it first gets the sats. Not taken within 21 days, they come back to you.`,
  noFee: (): Rich => rich`\nFee: none`,
  note: 'Note',
  done: (amount: Rich, to: Rich): Rich => rich`✅ Sent ${amount} to ${to}. It has arrived, and cost no fee.`,
  held: (amount: Rich, to: Rich): Rich =>
    rich`⏳ ${amount} are set aside for ${to}. Send them the link in the next message. If nobody takes it within 21 days, your sats come back; until then you can take them back yourself.`,
  linkFor: (from: Rich, amount: Rich, link: string, note: Rich): Rich =>
    rich`🎁 For you: ${amount} in bitcoin, from ${from}. Open this link and tap Start to take it:${note}\n${link}`,
  codeFor: (from: Rich, amount: Rich, bot: string, claimCode: string, note: Rich): Rich =>
    rich`🎁 For you: ${amount} in bitcoin, from ${from}. To take it, write “start ${claimCode}” to ${bot}.${note}`,
  retracted: (amount: Rich): Rich => rich`↩️ You took ${amount} back. They are in your wallet, and the link is dead.`,
  groupPayeeMissing: (bot: string): Rich =>
    rich`They have no wallet here yet, so nothing was sent. Open a private chat with @${bot} and send it from there: you get a link just for them.`,
  usage: (): Rich => rich`Nothing was sent. In a group, answer a message with /send 100, or write /send 100 @friend`,
};

export const request = {
  askPayer: (): Rich => rich`Whom do you want to ask? Write their name here, such as @friend. (/cancel to leave)`,
  phone: (): Rich =>
    rich`I cannot ask a phone number yet, so nothing was asked. Write their @name here; they need a wallet here first. (/cancel to leave)`,
  asked: (amount: Rich, to: Rich): Rich =>
    rich`📨 I asked ${to} for ${amount}. I will tell you when they answer. No money has moved.`,
  canceled: (): Rich => rich`The request is cancelled and can no longer be paid. No money has moved.`,
  declined: (): Rich => rich`You declined. No money has moved, and I will tell them so kindly.`,
  stillOpen: (): Rich => rich`Not paid; nothing was sent. The request is still open.`,
};

export const sweep = {
  askInvoice: (): Rich =>
    rich`Where shall your sats go if Satfleet closes? Make an invoice without an amount in another Lightning wallet of yours, one that is valid for long, and paste it here. (/cancel to leave)`,
  hasAmount: (): Rich =>
    rich`This invoice names an amount, so nothing was noted; your sats are where they were. Make one without an amount, since it shall take all you have.`,
  kept: (until: string): Rich =>
    rich`✅ Noted. If Satfleet closes before ${until}, your sats go to that wallet. Nothing was sent now. To change it, write /sweepto again.`,
};
