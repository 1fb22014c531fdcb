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
  claim_waits: () =>
    rich`Sats hizi haziwezi kutolewa kwa sasa. Hakuna kilichobadilika: zimetengwa na kiungo kinabaki kizuri. Jaribu tena baadaye, au muulize aliyekutumia.`,
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
  last_admin: () =>
    rich`Hakuna kilichobadilika: huyu ndiye msimamizi wa mwisho, na lazima awepo mmoja. Mpe mwingine usimamizi kwanza: /admins add @jina`,
  lightning_too_small: () =>
    rich`Nodi yetu ya Lightning haiwezi kutuma kiasi hicho kwa sasa, kwa hiyo hakuna kilichotumwa na sats zako zote ziko pale pale. Jaribu kiasi kidogo, au tena baada ya dakika chache.`,
  not_allowed: () =>
    rich`Hilo ni la wanaoendesha Satfleet tu. Hakuna kilichobadilika. Kuona unachoweza kufanya: /msaada`,
  not_found: () => rich`Sikioni hicho miongoni mwa vitu vyako. Hakuna kilichobadilika. Angalia /historia`,
  own_invoice: () =>
    rich`Hii ni ankara yako mwenyewe. Hakuna kilichotumwa; sats zako ziko pale pale. Mwache mtu mwingine ailipe.`,
  pay_paused: () =>
    rich`Kulipa kwa Lightning kumesitishwa kwa muda mfupi, kwa hiyo hakuna kilichotumwa na sats zako ziko pale pale. Kutuma kwa watu wa hapa na kupokea huenda kunafanya kazi. Tafadhali jaribu tena baadaye.`,
  payee_is_payer: () =>
    rich`Huyo ni wewe mwenyewe. Hakuna kilichotumwa na sats zako ziko pale pale. Chagua mtu mwingine.`,
  payee_unknown: () =>
    rich`Simjui mtu huyo hapa, kwa hiyo hakuna kilichofanyika. Angalia jina, au mwambie aniandikie /start kwanza.`,
  person_unknown: () =>
    rich`Simjui yeyote kwa jina au namba hiyo, au ni zaidi ya mmoja. Hakuna kilichofanyika. Andika @jina, au namba kamili.`,
  pin_locked: () =>
    rich`Imekosewa mara nyingi mno. Hakuna kilichofanyika, na hakuna PIN inayopokelewa kwa saa moja. Umeisahau? Msimamizi mwingine aondoe nafasi yako na kukupa tena; kisha /pin`,
  pin_unfit: () =>
    rich`Hiyo haifai, kwa hiyo hakuna kilichobadilika. PIN ina tarakimu 6 hadi 12, ambazo si zile zile zote wala hazihesabu tu. Andika nyingine.`,
  pin_unset: () => rich`Bado huna PIN, kwa hiyo hakuna kilichofanyika. Weka kwanza: /pin`,
  pin_wrong: ({ count }) =>
    rich`Hiyo si PIN yako. Hakuna kilichofanyika. Jaribu tena, au /ghairi. Majaribio yaliyobaki kabla haijafungwa kwa saa moja: ${count ?? '?'}.`,
  private_only: () =>
    rich`Hilo hufanyika kwenye chat ya faragha tu. Hakuna kilichofanyika. Fungua chat ya faragha nami uliandike huko.`,
  queue_unknown: () => rich`Hakuna foleni kama hiyo. Hakuna kilichofanyika. Andika /stats uzione zote.`,
  rate_stale: () =>
    rich`Kwa sasa hakuna kiwango kipya cha ubadilishaji, kwa hiyo sitabahatisha; hakuna kilichofanyika. Andika kiasi kwa sats, au jaribu tena baada ya dakika chache.`,
  receive_paused: () =>
    rich`Ankara mpya zimesitishwa kwa muda mfupi, kwa hiyo hakuna iliyotengenezwa. Kinacholipwa kwa ankara zako za awali bado kinakufikia, na sats zako ziko salama. Tafadhali jaribu tena baadaye.`,
  request_closed: () =>
    rich`Ombi hili limefungwa: limelipwa, limekataliwa, limeghairiwa au muda wake umeisha. Hakuna kilichotumwa.`,
  send_closed: () =>
    rich`Hii imeshafungwa: zilichukuliwa, au zilirudi kwako. Hakuna kilichobadilika. Angalia /historia`,
  send_paused: () =>
    rich`Kutuma kwa watu wa hapa kumesitishwa kwa muda mfupi, kwa hiyo hakuna kilichotumwa na sats zako ziko pale pale. Tafadhali jaribu tena baadaye.`,
  sending_stopped: () =>
    rich`Kutuma kumesimamishwa kwa muda ili kitu kisiharibike; hakuna kilichotumwa. Pesa zako ziko salama, na kupokea kunafanya kazi: /pokea. Tafadhali jaribu tena baadaye.`,
  too_fast: ({ seconds }) =>
    rich`Umeenda haraka kidogo. Hakuna kilichofanyika na pesa zako ziko salama. Tafadhali jaribu tena baada ya sekunde ${seconds ?? '1'}.`,
  too_many_open: ({ count }) =>
    count
      ? rich`Una ${count} zilizo wazi, ambayo ndiyo idadi ya juu. Hakuna kilichofanyika. Subiri baadhi zimalizike, au ghairi baadhi.`
      : rich`Una nyingi mno zilizo wazi. Hakuna kilichofanyika. Subiri baadhi zimalizike, au ghairi baadhi.`,
  wallet_frozen: ({ contact }) =>
    contact
      ? rich`Tunaangalia jambo kuhusu pochi yako, kwa hiyo hakuna kinachoweza kutoka kwa sasa; hakuna kilichotumwa. Sats zako zote zipo, na bado unaweza kupokea: /salio. Kutuuliza, mwandikie ${contact}.`
      : rich`Tunaangalia jambo kuhusu pochi yako, kwa hiyo hakuna kinachoweza kutoka kwa sasa; hakuna kilichotumwa. Sats zako zote zipo, na bado unaweza kupokea: /salio. Kuuliza, waandikie wanaoendesha bot hii.`,
};
