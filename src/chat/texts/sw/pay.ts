// Kiswahili: the cards before money moves, and what follows a tap on them.
import { bold, type Rich, rich } from '../../rich.ts';
import type { Texts } from '../en.ts';

export const pay: Texts['pay'] = {
  askInvoice: (): Rich => rich`Bandika ankara ya Lightning unayotaka kulipa; huanza na lnbc. (/ghairi kuacha)`,
  card: (amount: Rich): Rich => rich`${bold('Ulipe hii?')}\nKiasi: ${amount}`,
  fee: (ceiling: Rich): Rich => rich`\nAda: isiyozidi ${ceiling}; isiyohitajika hurudi kwako`,
  noFee: (): Rich => rich`\nAda: hakuna, mlipwaji pia yuko Satfleet`,
  payee: (payee: Rich, isKnown: boolean): Rich =>
    rich`\nKwa: ${payee}, ${isKnown ? 'uliyewahi kumlipa' : 'kwa mara ya kwanza'}`,
  note: 'Kwa ajili ya',
  until: (time: string): Rich => rich`\nMwisho wa kulipa: ${time}`,
  line: (ahead: string, wait: string | undefined): Rich =>
    rich`\n\n🕐 Watu wengi wanalipa sasa: malipo ${ahead} yako mbele ya yako${wait ? `, kama ${wait}` : ''}.`,
  twin: (number: string): Rich =>
    rich`\n\n⚠️ Malipo ya kiasi hiki kwa mlipwaji huyu bado yanaendelea: na. ${number}. Ukilipa sasa, huenda ukalipa mara mbili.`,
  sending: (amount: Rich): Rich =>
    rich`⏳ Ninalipa ${amount}. Sats zako zimetengwa: zitafika, au zitarudi kwako. Nitakuambia matokeo yake.`,
  waiting: (amount: Rich): Rich =>
    rich`⏳ Malipo yako ya ${amount} yamehifadhiwa na sats zako zimetengwa. Kwa sasa tumechelewa kidogo; yatatoka yenyewe. Tafadhali usilipe tena.`,
  dropped: (): Rich => rich`Imeghairiwa. Hakuna kilichotumwa na sats zako ziko pale pale.`,
};

export const send: Texts['send'] = {
  askPayee: (): Rich => rich`Nani apokee? Andika jina lake hapa, kama @rafiki. (/ghairi kuacha)`,
  badPayee: (): Rich => rich`Hilo si jina la mtumiaji, kwa hiyo hakuna kilichofanyika. Huandikwa kama @rafiki.`,
  phone: (): Rich =>
    rich`Bado siwezi kutuma kwa namba ya simu, kwa hiyo hakuna kilichotumwa. Muulize @jina lake uliandike hapa; kama bado hayuko hapa, utapata kiungo cha kumpa. (/ghairi kuacha)`,
  card: (amount: Rich, to: Rich): Rich => rich`${bold('Utume hizi?')}\nKiasi: ${amount}\nKwa: ${to}`,
  isNew: (): Rich => rich`\n⚠️ Ni mgeni hapa. Hakikisha ni mtu unayemkusudia.`,
  notHere: (): Rich =>
    rich`\nBado hayuko hapa: utapata kiungo cha kumpa. Atakayekifungua kwanza ndiye atapata sats. Zisipochukuliwa ndani ya siku 21, zitarudi kwako.`,
  noFee: (): Rich => rich`\nAda: hakuna`,
  note: 'Maelezo',
  done: (amount: Rich, to: Rich): Rich => rich`✅ Umetuma ${amount} kwa ${to}. Zimefika, bila ada.`,
  held: (amount: Rich, to: Rich): Rich =>
    rich`⏳ ${amount} zimetengwa kwa ajili ya ${to}. Mtumie kiungo kilicho kwenye ujumbe unaofuata. Zisipochukuliwa ndani ya siku 21, sats zako zitarudi; kabla ya hapo unaweza kuzirudisha mwenyewe.`,
  linkFor: (from: Rich, amount: Rich, link: string, note: Rich): Rich =>
    rich`🎁 Zawadi yako: ${amount} za bitcoin, kutoka kwa ${from}. Fungua kiungo hiki na uguse Start uzichukue:${note}\n${link}`,
  codeFor: (from: Rich, amount: Rich, bot: string, claimCode: string, note: Rich): Rich =>
    rich`🎁 Zawadi yako: ${amount} za bitcoin, kutoka kwa ${from}. Kuzichukua, mwandikie ${bot} “start ${claimCode}”.${note}`,
  retracted: (amount: Rich): Rich =>
    rich`↩️ Umezirudisha ${amount}. Ziko kwenye pochi yako, na kiungo hakifanyi kazi tena.`,
  groupPayeeMissing: (bot: string): Rich =>
    rich`Bado hana pochi hapa, kwa hiyo hakuna kilichotumwa. Fungua chat ya faragha na @${bot} utume kutoka huko: utapata kiungo chake peke yake.`,
  usage: (): Rich =>
    rich`Hakuna kilichotumwa. Kwenye kikundi, jibu ujumbe wa mtu kwa /tuma 100, au andika /tuma 100 @rafiki`,
};

export const request: Texts['request'] = {
  askPayer: (): Rich => rich`Unataka kumwomba nani? Andika jina lake hapa, kama @rafiki. (/ghairi kuacha)`,
  phone: (): Rich =>
    rich`Bado siwezi kumwomba mtu kwa namba ya simu, kwa hiyo hakuna kilichoombwa. Andika @jina lake hapa; anahitaji pochi hapa kwanza. (/ghairi kuacha)`,
  asked: (amount: Rich, to: Rich): Rich =>
    rich`📨 Nimemwomba ${to} akulipe ${amount}. Nitakuambia akijibu. Hakuna pesa iliyotoka.`,
  canceled: (): Rich => rich`Ombi limeghairiwa na haliwezi kulipwa tena. Hakuna pesa iliyotoka.`,
  declined: (): Rich => rich`Umekataa. Hakuna pesa iliyotoka, na nitamwambia kwa upole.`,
  stillOpen: (): Rich => rich`Haijalipwa; hakuna kilichotumwa. Ombi bado liko wazi.`,
};

export const sweep: Texts['sweep'] = {
  askInvoice: (): Rich =>
    rich`Sats zako ziende wapi Satfleet ikifungwa? Tengeneza ankara isiyo na kiasi kwenye pochi yako nyingine ya Lightning, yenye muda mrefu, kisha uibandike hapa. (/ghairi kuacha)`,
  hasAmount: (): Rich =>
    rich`Ankara hii ina kiasi, kwa hiyo hakuna kilichohifadhiwa; sats zako ziko pale pale. Tengeneza isiyo na kiasi, kwa kuwa itachukua zote ulizonazo.`,
  kept: (until: string): Rich =>
    rich`✅ Imehifadhiwa. Satfleet ikifungwa kabla ya ${until}, sats zako zitakwenda kwenye pochi hiyo. Hakuna kilichotumwa sasa. Kubadilisha, andika /sweepto tena.`,
};
