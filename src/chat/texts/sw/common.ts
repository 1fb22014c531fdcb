// Kiswahili: the menu, the first steps, help and what the conversation itself says.
import { bold, code, type Rich, rich } from '../../rich.ts';
import type { Texts } from '../en.ts';

export const about: Texts['about'] = {
  description: `Satfleet ni pochi ya bitcoin ndani ya chat yako.

⚡ Lipa na ulipwe kwa Lightning, kwa sekunde chache
👋 Watumie marafiki sats kwa @jina lao, bila ada
💱 Ona kando yake thamani kwa pesa yako

Tunakutunzia sats zako, na kamwe hatuombi PIN wala nywila. English too.

Gusa Start: hatua mbili, na uko tayari.`,
  short: 'Pochi ya bitcoin ndani ya chat yako: lipa, ulipwe, watumie marafiki kwa Lightning. Kiswahili, English.',
};

export const menu: Texts['menu'] = {
  start: 'Pochi yako, na hatua za kwanza',
  balance: 'Salio lako',
  receive: 'Pokea malipo: tengeneza ankara',
  pay: 'Lipa ankara ya Lightning',
  send: 'Mtumie mtu sats',
  request: 'Omba sats kutoka kwa mtu',
  history: 'Kilichoingia na kilichotoka',
  rate: 'Bei ya bitcoin kwa pesa yako',
  settings: 'Lugha na sarafu',
  help: 'Unachoweza kufanya hapa',
  cancel: 'Acha swali bila kujibu',
};

export const buttons: Texts['buttons'] = {
  pay: 'Lipa',
  send: 'Tuma',
  cancel: 'Ghairi',
  decline: 'Kataa',
  details: 'Maelezo',
  retract: 'Rudisha kwangu',
  cancelRequest: 'Ghairi ombi',
  newest: '⏮ Mpya zaidi',
  older: 'Za zamani ▶',
  back: '◀ Rudi',
  language: 'Lugha',
  currency: 'Sarafu',
  receive: 'Pokea',
  balance: 'Salio',
};

export const start: Texts['start'] = {
  chooseLanguage: (): Rich => rich`👋 Karibu! Welcome! ${bold('Satfleet')} ni pochi ya bitcoin ndani ya chat yako.

Pochi yako iko tayari. Unapendelea lugha gani? / Your wallet is ready. Which language do you prefer?`,
  chooseCurrency: (): Rich =>
    rich`Huwa unahesabu kwa pesa gani? Unamiliki bitcoin (sats); kando yake nitakuonyesha thamani yake.`,
  ready: (balance: Rich): Rich => rich`✅ Tayari kabisa. Una ${balance}.

Kupokea malipo: /pokea
Kulipa ankara: ibandike hapa
Kumtumia rafiki: /tuma 100 @rafiki
Mengine yote: /msaada`,
  home: (name: Rich, balance: Rich): Rich => rich`Habari, ${name}. Una ${balance}.

Kupokea malipo: /pokea
Kulipa ankara: ibandike hapa
Kumtumia rafiki: /tuma 100 @rafiki
Mengine yote: /msaada`,
  claimed: (amount: Rich, from: Rich, note: Rich): Rich =>
    rich`🎁 ${amount} kutoka kwa ${from} sasa ziko kwenye pochi yako. Ni zako, unaweza kuzitumia.${note}`,
};

export const help: Texts['help'] = {
  topics: (): Rich => rich`${bold('Unachoweza kufanya hapa')}

Unamiliki bitcoin, inayohesabiwa kwa sats (sats 100,000,000 ni bitcoin moja). Inasafiri kwa Lightning: kwa sekunde chache, na kwa ada ndogo sana.

Chagua mada, au jaribu tu kitufe hapa chini.`,
  labels: {
    receive: 'Kupokea malipo',
    pay: 'Kulipa',
    send: 'Kutumia marafiki',
    amounts: 'Kiasi',
    safety: 'Usalama',
  },
  receive: (): Rich => rich`${bold('Kupokea malipo')}

${code('/pokea 500')} hutengeneza ankara ya sats 500: picha ya QR ya kuskani na maandishi ya kunakili.
${code('/pokea KES 200 chakula')} huomba kiasi hicho kwa sats, pamoja na maelezo.
${code('/pokea')} peke yake humwachia mlipaji achague kiasi.

Sats zinapofika kwenye pochi yako nitakuambia, na picha itaondoka.`,
  pay: (): Rich => rich`${bold('Kulipa')}

Bandika au sambaza hapa ankara ya Lightning (huanza na ${code('lnbc')}). Utaona kadi yenye kiasi na ada ya juu zaidi. Hakuna kinachotoka kabla hujagusa Lipa.

Malipo yakishindikana, sats zako zote hurudi zenyewe.`,
  send: (): Rich => rich`${bold('Kutumia marafiki')}

${code('/tuma 100 @rafiki')} hutuma papo hapo, bila ada.
${code('/tuma 100 @rafiki asante')} huongeza maelezo.
${code('/omba 100 @rafiki')} huomba sats; yeye huamua kulipa au la.

Rafiki yako bado hayuko hapa? Utapata kiungo cha kumpa. Kisipofunguliwa ndani ya siku 21, sats zako hurudi.`,
  amounts: (): Rich => rich`${bold('Kiasi')}

Namba peke yake ina maana ya sats. Unaweza kuandika ${code('500')}, ${code('1.2k')}, ${code('1,000')}, ${code('0.001 btc')}, ${code('KES 200')}, ${code('200 bob')} au ${code('zote')}.
Kiasi kikiwa na maana mbili, nitakuuliza ni ipi.`,
  safety: (): Rich => rich`${bold('Usalama')}

Sats zilizo njiani hutengwa: zitafika, au zitarudi kwako. Kamwe siulizi PIN, nywila wala maneno ya siri. Hakuna mtu wa Satfleet atakayekuandikia kwanza kukuomba pesa.

Angalia jina kwenye kadi kabla ya kugusa Tuma. Kilichofika hakiwezi kurudishwa.`,
};

export const settings: Texts['settings'] = {
  news: (isMuted: boolean): Rich => rich`\nHabari kutoka kwetu: ${isMuted ? 'zimezimwa' : 'mara chache'}`,
  mute: '🔕 Zima habari zetu',
  unmute: '🔔 Pokea habari zetu',
  newsMuted: (): Rich =>
    rich`🔕 Hutapata tena habari kutoka kwetu. Yanayohusu pesa zako bado yanakuja. Kuzipata tena: /mipangilio`,
  newsWanted: (): Rich => rich`🔔 Utapata tena habari zetu, mara chache. Kuzizima: /mipangilio`,
  show: (language: string, currency: string): Rich => rich`${bold('Mipangilio yako')}

Lugha: ${language}
Sarafu: ${currency}

Gusa unachotaka kubadilisha. Sats zako hubaki kama zilivyo.`,
  languageSet: (): Rich => rich`✅ Kuanzia sasa nitazungumza nawe kwa Kiswahili.`,
  currencySet: (currency: string): Rich =>
    rich`✅ Kuanzia sasa nitaonyesha kiasi kwa ${currency} kando ya sats. Sats zako hubaki kama zilivyo.`,
  chooseLanguage: (): Rich => rich`Unapendelea lugha gani? / Which language do you prefer?`,
  chooseCurrency: (): Rich => rich`Nionyeshe sarafu gani kando ya sats?`,
};

export const talk: Texts['talk'] = {
  nothingToCancel: (): Rich => rich`Hakuna cha kughairi. Kuona unachoweza kufanya: /msaada`,
  left: (): Rich => rich`Sawa, tumeacha hapo. Hakuna kilichotumwa wala kilichobadilika.`,
  unknown: (): Rich =>
    rich`Sijakuelewa. Hakuna kilichobadilika. Andika /msaada uone unachoweza kufanya, au bandika ankara uilipe.`,
  didYouMean: (commands: Rich): Rich => rich`Sijakuelewa. Hakuna kilichobadilika. Ulimaanisha ${commands}?`,
  or: ' au ',
  noInvoiceForwarded: (): Rich =>
    rich`Sijaona ankara ya Lightning kwenye ujumbe huo. Hakuna kilichobadilika. Sambaza ujumbe wenye ankara, au bandika ankara yenyewe.`,
  onlyText: (): Rich =>
    rich`Kwa sasa naweza kusoma maandishi tu. Hakuna kilichobadilika. Kulipa, bandika ankara kama maandishi; kwa mengine: /msaada`,
  privateOnly: (bot: string): Rich =>
    rich`Hilo ni kati yangu nawe: pesa zako hazionyeshwi kwenye kikundi. Fungua chat ya faragha na @${bot} uliandike huko.`,
  stillAtIt: (): Rich =>
    rich`Tuna shughuli nyingi sana, kwa hiyo hili linachukua muda kuliko kawaida. Pesa zako ziko salama. Bado nalishughulikia na jibu langu litakuja hapa lenyewe: tafadhali usirudie kwa sasa.`,
  unavailable: (): Rich =>
    rich`Samahani, sehemu ya mfumo wetu haipatikani kwa sasa. Pesa zako ziko salama. Tafadhali jaribu tena baada ya muda mfupi; kuona kilichofanyika: /historia`,
  fault: (trace: Rich): Rich =>
    rich`Samahani, kuna hitilafu upande wetu. Pesa zako ziko salama: kilichokuwa kimeanza kitamalizika au kutenguliwa chenyewe. Tafadhali angalia /historia kabla ya kujaribu tena. Tatizo likiendelea, tuambie namba hii: ${trace}`,
  choose: (): Rich => rich`Jibu kwa namba.`,
  tapped: 'Tayari imefanyika. Hakuna kilichofanyika mara mbili.',
};
