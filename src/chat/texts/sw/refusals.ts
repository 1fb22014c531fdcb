// Kiswahili: every no, with what happened, whether the money is safe, and what to do next.
import { rich } from '../../rich.ts';
import type { Texts } from '../en.ts';

export const refusals: Texts['refusals'] = {
  amount_unreadable: () =>
    rich`Siwezi kusoma kiasi hicho, kwa hiyo hakuna kilichofanyika. Andika kama 500, 1.2k, 0.001 btc au KES 200.`,
  amount_too_small: ({ least }) => rich`Hakuna kilichofanyika: kiasi ni kidogo mno. Cha chini ni ${least ?? '1 sat'}.`,
  amount_too_large: ({ most }) =>
    most
      ? rich`Hakuna kilichofanyika: kiasi ni kikubwa mno kwa mara moja. Cha juu ni ${most}. Unaweza kugawa sehemu sehemu.`
      : rich`Hakuna kilichofanyika: kiasi ni kikubwa mno kwa mara moja. Jaribu kiasi kidogo.`,
  balance_low: ({ needed, available }) =>
    needed && available
      ? rich`Sats hazitoshi, kwa hiyo hakuna kilichotumwa. Zinahitajika jumla ya ${needed}; una ${available}. Jaribu kiasi kidogo, au pokea malipo kwanza: /pokea`
      : rich`Sats hazitoshi, kwa hiyo hakuna kilichotumwa. Jaribu kiasi kidogo, au pokea malipo kwanza: /pokea`,
  busy: () =>
    rich`Kuna shughuli nyingi kwa sasa. Pesa zako ziko salama na hakuna kilichofanyika. Tafadhali jaribu tena baada ya dakika moja.`,
  card_expired: () =>
    rich`Kadi hii imepitwa na wakati, hakuna kilichotokea na pesa zako ziko salama. Tafadhali anza upya.`,
  claim_taken: () => rich`Sats hizi hazipo tena: kuna aliyezichukua, au aliyetuma amezirudisha. Muulize aliyekutumia.`,
  claim_unknown: () => rich`Sikitambui kiungo hiki. Hakuna kilichobadilika. Mwombe aliyekutumia akitume tena.`,
  currency_unknown: () =>
    rich`Siijui sarafu hiyo. Hakuna kilichobadilika. Ninazijua KES, TZS, UGX, NGN, ZAR, GHS, ETB, MWK, ZMW na BWP.`,
  invoice_amount_missing: () =>
    rich`Ankara hii haina kiasi. Hakuna kilichotumwa. Andika /lipa, kisha ankara, kisha kiasi.`,
  invoice_closed: () => rich`Ankara hii imefungwa na haiwezi kulipwa. Hakuna kilichotumwa. Omba mpya.`,
  invoice_expired: () => rich`Muda wa ankara hii umeisha. Hakuna kilichotumwa. Mwombe mlipwaji ankara mpya.`,
  invoice_in_flight: () =>
    rich`Ankara hii inalipwa wakati huu, kwa hiyo hakuna zaidi kilichotumwa. Nitakuambia matokeo yake; angalia pia /historia`,
  invoice_paid: () =>
    rich`Ankara hii imeshalipwa, kwa hiyo hakuna kilichotumwa. Kama unadaiwa zaidi, omba ankara mpya.`,
  invoice_unreadable: () =>
    rich`Siwezi kusoma ankara hii, kwa hiyo hakuna kilichotumwa. Nakili yote, kuanzia lnbc hadi herufi ya mwisho, kisha uibandike tena.`,
  invoice_wrong_network: () =>
    rich`Ankara hii ni ya mtandao mwingine, si ule wenye sats zako. Hakuna kilichotumwa. Mwombe mlipwaji ankara ya kawaida ya Lightning.`,
  lightning_too_small: () =>
    rich`Nodi yetu ya Lightning haiwezi kutuma kiasi hicho kwa sasa, kwa hiyo hakuna kilichotumwa na sats zako zote ziko pale pale. Jaribu kiasi kidogo, au tena baada ya dakika chache.`,
  not_allowed: () =>
    rich`Hilo ni la wanaoendesha Satfleet tu. Hakuna kilichobadilika. Kuona unachoweza kufanya: /msaada`,
  not_found: () => rich`Sikioni hicho miongoni mwa vitu vyako. Hakuna kilichobadilika. Angalia /historia`,
  own_invoice: () =>
    rich`Hii ni ankara yako mwenyewe. Hakuna kilichotumwa; sats zako ziko pale pale. Mwache mtu mwingine ailipe.`,
  payee_is_payer: () =>
    rich`Huyo ni wewe mwenyewe. Hakuna kilichotumwa na sats zako ziko pale pale. Chagua mtu mwingine.`,
  payee_unknown: () =>
    rich`Simjui mtu huyo hapa, kwa hiyo hakuna kilichofanyika. Angalia jina, au mwambie aniandikie /start kwanza.`,
  private_only: () =>
    rich`Hilo hufanyika kwenye chat ya faragha tu. Hakuna kilichofanyika. Fungua chat ya faragha nami uliandike huko.`,
  queue_unknown: () => rich`Hakuna foleni kama hiyo. Hakuna kilichofanyika. Andika /stats uzione zote.`,
  rate_stale: () =>
    rich`Kwa sasa hakuna kiwango kipya cha ubadilishaji, kwa hiyo sitabahatisha; hakuna kilichofanyika. Andika kiasi kwa sats, au jaribu tena baada ya dakika chache.`,
  request_closed: () =>
    rich`Ombi hili limefungwa: limelipwa, limekataliwa, limeghairiwa au muda wake umeisha. Hakuna kilichotumwa.`,
  send_closed: () =>
    rich`Hii imeshafungwa: zilichukuliwa, au zilirudi kwako. Hakuna kilichobadilika. Angalia /historia`,
  sending_stopped: () =>
    rich`Kutuma kumesimamishwa kwa muda ili kitu kisiharibike; hakuna kilichotumwa. Pesa zako ziko salama, na kupokea kunafanya kazi: /pokea. Tafadhali jaribu tena baadaye.`,
  too_fast: ({ seconds }) =>
    rich`Umeenda haraka kidogo. Hakuna kilichofanyika na pesa zako ziko salama. Tafadhali jaribu tena baada ya sekunde ${seconds ?? '1'}.`,
  too_many_open: ({ count }) =>
    count
      ? rich`Una ${count} zilizo wazi, ambayo ndiyo idadi ya juu. Hakuna kilichofanyika. Subiri baadhi zimalizike, au ghairi baadhi.`
      : rich`Una nyingi mno zilizo wazi. Hakuna kilichofanyika. Subiri baadhi zimalizike, au ghairi baadhi.`,
};
