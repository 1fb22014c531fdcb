// Kiswahili: news. Each says what happened, where the money is, and what comes next.
import type { FailureReason } from '../../../domain/states.ts';
import { type Rich, rich } from '../../rich.ts';
import type { Texts } from '../en.ts';

const reasons: Record<FailureReason, string> = {
  no_route: 'Hapakuwa na njia ya kumfikia mlipwaji kwa sasa. Jaribu tena baadaye, au kwa kiasi kidogo.',
  refused_by_payee: 'Mlipwaji ameyakataa. Mwombe ankara mpya.',
  timed_out: 'Yalichukua muda mrefu mno njiani. Unaweza kujaribu tena.',
  node_balance: 'Nodi yetu haikuweza kuyabeba kwa sasa. Jaribu tena baada ya dakika chache.',
  invoice_expired: 'Muda wa ankara umeisha. Mwombe mlipwaji ankara mpya.',
  not_sent: 'Hayakutoka kwetu. Unaweza kujaribu tena.',
  payer_too_late: 'Mtu mwingine ameilipa ankara hii kabla yako. Huna haja ya kuilipa tena.',
  rejected: 'Mtandao haukuyakubali. Mwombe mlipwaji ankara mpya.',
};

export const notices: Texts['notices'] = {
  invoiceReady: (amount: Rich | undefined): Rich =>
    amount
      ? rich`📥 Ili ulipwe ${amount}, onyesha picha hii au tuma maandishi haya:`
      : rich`📥 Ili ulipwe kiasi chochote, onyesha picha hii au tuma maandishi haya:`,
  invoiceUntil: (time: string): Rich => rich`\nInatumika hadi ${time}. Nitaandika hapa ikilipwa.`,
  invoiceTooLong: (): Rich => rich`\n(Maandishi ni marefu mno kuwekwa hapa: waskani picha.)`,
  note: 'Maelezo',
  invoiceLate: (): Rich =>
    rich`⏳ Ankara yako inachelewa kuliko kawaida. Itakuja hapa yenyewe; huna haja ya kuomba tena. Pesa zako ziko salama.`,
  invoicePaid: (amount: Rich): Rich => rich`✅ Umepokea ${amount}. Sasa ziko kwenye pochi yako.`,
  paymentPending: (amount: Rich, since: string, ceiling: Rich): Rich =>
    rich`⏳ Malipo yako ya ${amount} yako njiani tangu ${since}. Sats zako na ada isiyozidi ${ceiling} zimetengwa: zitafika, au zitarudi zote. Tafadhali usilipe tena; nitaandika hapa matokeo yake.`,
  paymentPaid: (amount: Rich, fee: Rich): Rich => rich`✅ Umelipa ${amount}. Ada: ${fee}.`,
  proof: 'Uthibitisho wa malipo',
  number: (id: string): Rich => rich`\nNa. ${id}`,
  paymentFailed: (amount: Rich, reason: string): Rich =>
    rich`↩️ Malipo yako ya ${amount} hayakufaulu. Sats zako zote zimerudi kwenye pochi yako. ${reasonText(reason)}`,
  sendReceived: (amount: Rich, from: Rich): Rich =>
    rich`✅ Umepokea ${amount} kutoka kwa ${from}. Sasa ziko kwenye pochi yako.`,
  sendClaimed: (amount: Rich, to: Rich): Rich =>
    rich`✅ Zimechukuliwa: ${amount} ulizotuma sasa ziko kwa ${to}. Yote yamekamilika.`,
  sendReturned: (amount: Rich, to: Rich): Rich =>
    rich`↩️ Hakuna aliyechukua ${amount} za ${to} ndani ya siku 21, kwa hiyo zimerudi kwenye pochi yako. Unaweza kuzituma tena.`,
  requestReceived: (amount: Rich, from: Rich): Rich =>
    rich`📨 Ombi: ${from} anakuomba ${amount}. Lipa tu kama unajua sababu; hakuna kinachotoka mpaka uamue.`,
  requestUntil: (time: string): Rich => rich`\nLiko wazi hadi ${time}.`,
  requestPaid: (amount: Rich, by: Rich): Rich =>
    rich`✅ Ombi lako limelipwa: ${amount} kutoka kwa ${by} sasa ziko kwenye pochi yako.`,
  requestDeclined: (amount: Rich, by: Rich): Rich =>
    rich`Ombi lako: ${by} amekataa kulipa ${amount}. Hakuna pesa iliyotoka.`,
};

function reasonText(reason: string): string {
  return (reasons as Readonly<Record<string, string>>)[reason] ?? reasons.rejected;
}
