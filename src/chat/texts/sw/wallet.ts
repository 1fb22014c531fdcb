// Kiswahili: what one has, being paid, history and the price.
import { bold, type Rich, rich } from '../../rich.ts';
import type { Texts } from '../en.ts';

export const money: Texts['money'] = {
  rateAge: (age: string) => `Bei ya ${age} zilizopita.`,
  rateTooOld: 'Bei imepitwa na wakati, kwa hiyo ninaonyesha sats tu.',
  noRate: 'Hakuna bei kwa sasa, kwa hiyo ninaonyesha sats tu.',
};

export const balance: Texts['balance'] = {
  show: (available: Rich): Rich => rich`💰 Una ${available}`,
  held: (held: Rich): Rich => rich`\nZilizotengwa kwa malipo yanayoendelea: ${held}`,
  incoming: (incoming: Rich): Rich => rich`\nZiko njiani kuja kwako: ${incoming}`,
};

export const amount: Texts['amount'] = {
  ask: {
    send: (): Rich => rich`Unataka kutuma kiasi gani? Kwa mfano 500, au KES 200, au zote. (/ghairi kuacha)`,
    request: (): Rich => rich`Unataka kuomba kiasi gani? Kwa mfano 500 au KES 200. (/ghairi kuacha)`,
    pay: (): Rich =>
      rich`Ankara hii inakuachia uchague kiasi. Unataka kulipa kiasi gani? Kwa mfano 500 au KES 200. (/ghairi kuacha)`,
    receive: (): Rich => rich`Unataka kupokea kiasi gani? Kwa mfano 500 au KES 200. (/ghairi kuacha)`,
    rate: (): Rich => rich`Kiasi gani? Kwa mfano 500, au KES 200. (/ghairi kuacha)`,
  },
  trouble: {
    unreadable: (): Rich => rich`Siwezi kusoma kiasi hicho, kwa hiyo hakuna kilichofanyika.`,
    zero: (): Rich => rich`Hakuna kilichofanyika: kiasi lazima kiwe angalau 1 sat.`,
    too_large: (): Rich =>
      rich`Hakuna kilichofanyika: kiasi hicho ni kikubwa kuliko bitcoin yote ambayo mtu anaweza kumaanisha.`,
    not_whole: (): Rich => rich`Hakuna kilichofanyika: sat moja haigawanyiki hapa, tafadhali tumia sats kamili.`,
    too_fine: (): Rich => rich`Hakuna kilichofanyika: kiasi hicho kina desimali nyingi kuliko sarafu yake.`,
  },
  which: (): Rich => rich`Kiasi hicho kinaweza kuwa na maana zaidi ya moja, na sitaki kubahatisha. Ni kipi?`,
  check: (): Rich => rich`Sina uhakika nimesoma vizuri, na sitaki kubahatisha. Unamaanisha hiki?`,
};

export const receive: Texts['receive'] = {
  later: (): Rich =>
    rich`⏳ Ombi lako la ankara limehifadhiwa, ila kwa sasa tumechelewa kidogo. Ankara itakuja hapa yenyewe; huna haja ya kuomba tena. Pesa zako ziko salama.`,
};

export const rate: Texts['rate'] = {
  show: (given): Rich =>
    rich`1 BTC = ${bold(given.bitcoin)}\n${given.sats} = ${bold(given.local)}\n${given.localInSats}`,
  converted: (from: Rich, to: Rich): Rich => rich`${from} = ${to}`,
  ages: (btcAge: string, fiatAge: string | undefined, sources: string): Rich =>
    rich`\nBei ya bitcoin ni ya ${btcAge} zilizopita${fiatAge ? `, kiwango cha sarafu ni cha ${fiatAge} zilizopita` : ''}. Vyanzo: ${sources}.`,
  stale: (currency: string): Rich =>
    rich`Kiwango cha ${currency} kimepitwa na wakati, kwa hiyo sikionyeshi kama bei. Sats zako ziko salama na hazibadiliki. Jaribu tena baada ya dakika chache.`,
  none: (currency: string): Rich =>
    rich`Hakuna kiwango cha ${currency} kwa sasa. Sats zako ziko salama na hazibadiliki. Jaribu tena baada ya dakika chache.`,
};

export const history: Texts['history'] = {
  title: (): Rich => rich`${bold('Historia yako')}, mpya kwanza. Gusa namba kuifungua.`,
  empty: (): Rich => rich`Bado hakuna kilichoingia wala kilichotoka. Kupokea malipo, andika /pokea`,
  noMore: (): Rich => rich`Hiyo ndiyo ya zamani zaidi. Hakuna kabla yake.`,
  pending: 'inaendelea',
  kinds: {
    received: 'Ulipokea',
    paid: 'Ulilipa',
    sent: 'Ulituma',
    got: 'Kutoka kwa rafiki',
    paying: 'Inalipwa',
    waiting: 'Inasubiri kuchukuliwa',
    returned: 'Zilirudi',
    other: 'Nyingine',
  },
  states: {
    asked: 'inatengenezwa',
    open: 'iko wazi',
    closing: 'inafungwa',
    settled: 'imelipwa',
    canceled: 'imeghairiwa',
    expired: 'muda umeisha',
    held: 'inaendelea; sats zako zimetengwa',
    sending: 'inaendelea; sats zako zimetengwa',
    paid: 'imelipwa',
    failed: 'haikufaulu; sats zote zilirudi',
    done: 'imekamilika',
    claimed: 'imechukuliwa',
    returned: 'hakuna aliyeichukua; sats zote zilirudi',
    retracted: 'uliirudisha kwako',
    declined: 'imekataliwa',
  },
  detail: {
    number: 'Namba',
    when: 'Wakati',
    amount: 'Kiasi',
    fee: 'Ada',
    who: 'Mhusika',
    note: 'Maelezo',
    state: 'Hali',
    payee: 'Nodi ya mlipwaji',
    proof: 'Uthibitisho wa malipo',
    until: 'Mwisho wa kutumika',
  },
};
