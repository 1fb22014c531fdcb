// Kiswahili: news. Each says what happened, where the money is, and what comes next.
import type { RefundHindrance } from '../../../domain/refund.ts';
import type { FailureReason } from '../../../domain/states.ts';
import { bold, type Rich, rich } from '../../rich.ts';
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
  invoiceUntil: (time: string): Rich => rich`\nInatumika hadi ${time}. Nitakuambia ikilipwa.`,
  invoiceTooLong: (): Rich => rich`\n(Maandishi ni marefu mno kuwekwa hapa: waskani picha.)`,
  note: 'Maelezo',
  invoiceLate: (): Rich =>
    rich`⏳ Ankara yako inachelewa kuliko kawaida. Itakuja hapa yenyewe; huna haja ya kuomba tena. Pesa zako ziko salama.`,
  invoicePaid: (amount: Rich): Rich => rich`✅ Umepokea ${amount}. Sasa ziko kwenye pochi yako.`,
  invoiceExpired: (amount: Rich | undefined): Rich =>
    amount
      ? rich`⌛ Hakuna aliyelipa ankara yako ya ${amount} kwa wakati. Hakuna pesa iliyotoka. Kupata mpya: /pokea`
      : rich`⌛ Hakuna aliyelipa ankara yako kwa wakati. Hakuna pesa iliyotoka. Kupata mpya: /pokea`,
  paymentPending: (amount: Rich, since: string, ceiling: Rich): Rich =>
    rich`⏳ Malipo yako ya ${amount} yako njiani tangu ${since}. Sats zako na ada isiyozidi ${ceiling} zimetengwa: zitafika, au zitarudi zote. Tafadhali usilipe tena; nitakuambia matokeo yake.`,
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
  refund: {
    paid: (): Rich => rich`Malipo haya yamelipwa. Hakuna kilichorudishwa.`,
    ended: (state: string): Rich => rich`Malipo haya yameisha yenyewe (${state}). Hakuna kilichorudishwa kwa mkono.`,
    under_way: (): Rich =>
      rich`Malipo haya bado yako njiani, na mwisho wake haujulikani. Hakuna kilichorudishwa: sats zimebaki zimetengwa, na nodi yake itaulizwa tena yenyewe.`,
    refused: (why: string): Rich => rich`Hayajarudishwa: ${why}. Sats zimebaki zimetengwa. Omba tena hali ikibadilika.`,
    agreed: (): Rich =>
      rich`Hakuna kinachozuia kurudisha malipo haya. Sats zimebaki zimetengwa mpaka msimamizi wa pili aombe hivyo hivyo, kuanzia dakika 10 hadi saa 24 kutoka sasa, na kusiwe na kizuizi wakati huo.`,
    freed: (): Rich =>
      rich`Yamerudishwa, na wewe pamoja na msimamizi mwingine: kutoka akaunti ya kusubiri, ambako maandishi yote mawili yanabaki. Nodi yake itaulizwa kila saa kuanzia sasa; yakilipwa hata hivyo, yataandikwa na kengele italia.`,
  },
  refundHindrances: {
    invoice_alive: 'ankara yake haijapitisha dakika 10 tangu muda wake uishe',
    not_restarted: 'nodi yake haijawashwa upya tangu malipo yajaribiwe mara ya mwisho',
    channel_away: 'mkondo mmoja wa nodi yake haupo, au haukuwepo ndani ya dakika 10 zilizopita',
    channel_closing: 'mkondo mmoja wa nodi yake unafungwa',
    part_under_way: 'mkondo mmoja wa nodi yake unaonyesha sehemu yake ikiwa njiani',
    other_channels: 'nodi yake ina mikondo mingine kuliko wakati wa kuangalia mara ya kwanza',
    too_soon: 'dakika 10 hazijapita tangu kuangaliwa mara ya kwanza',
  } satisfies Record<RefundHindrance, string>,
  requestPaid: (amount: Rich, by: Rich): Rich =>
    rich`✅ Ombi lako limelipwa: ${amount} kutoka kwa ${by} sasa ziko kwenye pochi yako.`,
  requestDeclined: (amount: Rich, by: Rich): Rich =>
    rich`Ombi lako: ${by} amekataa kulipa ${amount}. Hakuna pesa iliyotoka.`,
  requestExpired: (amount: Rich, to: Rich): Rich =>
    rich`⌛ Hakuna jibu: muda wa ombi lako la ${amount} kwa ${to} umeisha. Hakuna pesa iliyotoka. Unaweza kuomba tena: /omba`,
  requestClosed: {
    paid: (amount: Rich, from: Rich): Rich => rich`✅ Umemlipa ${from} ${amount} alizoomba.`,
    canceled: (amount: Rich, from: Rich): Rich =>
      rich`Ombi limeghairiwa: ${from} hakuombi tena ${amount}. Hakuna cha kulipa, na hakuna pesa iliyotoka.`,
    expired: (amount: Rich, from: Rich): Rich =>
      rich`⌛ Muda wa ombi la ${from} la ${amount} umeisha. Hakuna pesa iliyotoka.`,
  },
  broadcast: (text: string): Rich =>
    rich`📣 ${bold('Habari kutoka Satfleet')}\n\n${text}\n\nHakuna kilichotokea kwa pesa zako. Usipotaka hizi tena: /mipangilio`,
  promises: {
    broken: (): Rich => rich`🚨 Ahadi imevunjika:`,
    stopped: (): Rich =>
      rich`Kutuma kumesimamishwa; kupokea kunaendelea, na yaliyo njiani yatafika mwisho wake. Tafuta sababu kabla ya kuandika /sending on`,
    names: {
      P1: 'jumla ya kila sarafu ni sifuri',
      P2: 'hakuna akaunti iliyo chini ya kikomo chake',
      P3: 'kila salio ni jumla ya miamala yake',
      P4: 'malipo moja kwenye nodi kwa malipo moja hapa',
      P5: 'kisichoisha kimetengwa, na hakuna kingine',
      P6: 'kila ankara iliyolipwa imewekwa kwenye pochi, mara moja',
      P7: 'tunachodaiwa kipo',
      P8: 'ada zilizotozwa zinatosha ada zilizolipwa',
      P9: 'hakuna kazi iliyosahauliwa',
      P10: 'hakuna siri inayotoka kwetu',
      P11: 'tendo moja ni muamala mmoja',
      P12: 'kila badiliko la hali limeandikwa',
    },
  },
  below: {
    invoice_paid: (): Rich => rich`✅ Ankara hii imelipwa. Angalia chini.`,
    invoice_expired: (): Rich => rich`⌛ Muda wa ankara hii umeisha na haiwezi kulipwa. Angalia chini.`,
    payment_paid: (): Rich => rich`✅ Umelipa. Angalia chini.`,
    payment_failed: (): Rich => rich`↩️ Malipo haya hayakufaulu. Angalia chini.`,
    send_claimed: (): Rich => rich`✅ Zimechukuliwa. Angalia chini.`,
    send_returned: (): Rich => rich`↩️ Hakuna aliyezichukua. Angalia chini.`,
    request_paid: (): Rich => rich`✅ Ombi lako limelipwa. Angalia chini.`,
    request_declined: (): Rich => rich`Ombi lako limekataliwa. Angalia chini.`,
  },
};

function reasonText(reason: string): string {
  return (reasons as Readonly<Record<string, string>>)[reason] ?? reasons.rejected;
}
