// The hazards of what does not exist yet. Promise: none is forgotten, for table.test.ts fails as soon as one of the
// files of `needs` exists while its row still stands here; whoever builds the feature puts a test in the row's place.
type NotYet = {
  row: string;
  /** What will need the row's test. */
  what: string;
  /** Any file or folder that matches one of these, from the root, means that the feature exists. */
  needs: readonly string[];
};

const LNURL = ['src/**/*lnurl*', 'src/**/*lightning-address*', 'src/**/*pay-page*'];
const ON_CHAIN = ['src/**/*on-chain*', 'src/**/*onchain*', 'src/**/deposit*', 'src/**/withdraw*'];
const MOBILE_MONEY = ['src/**/*mobile-money*', 'src/flows/cash*', 'src/**/*mpesa*', 'src/**/*momo*', 'src/**/*airtel*'];
const WHATSAPP = ['src/**/*whatsapp*', 'src/gateway.ts'];
const LINKS = ['src/**/link.ts', 'src/**/linking*', 'src/**/link-code*', 'src/**/unlink*'];
const QUOTES = ['src/flows/quote*', 'src/infra/db/quotes*', 'src/domain/quote*', 'src/flows/cash*'];

export const NOT_YET: readonly NotYet[] = [
  { row: 'D6', what: 'withdrawal links: a link is used up in the transaction that holds the money', needs: LNURL },
  { row: 'D7', what: 'addresses that a stranger names are fetched only from the public internet', needs: LNURL },
  { row: 'D8', what: 'links of ours are built from the configured address alone', needs: LNURL },
  { row: 'D9', what: 'an invoice fetched for a link is for the amount and the description asked for', needs: LNURL },
  { row: 'F1', what: 'on-chain deposits: credited when confirmed, by transaction and output', needs: ON_CHAIN },
  { row: 'F2', what: 'on-chain deposits: several outputs of one transaction', needs: ON_CHAIN },
  { row: 'F3', what: 'on-chain deposits: a chain that takes a block back', needs: ON_CHAIN },
  { row: 'F4', what: 'on-chain deposits: addresses are one person’s, for ever', needs: ON_CHAIN },
  { row: 'F5', what: 'on-chain withdrawals: dust, and fees that rise between quote and confirmation', needs: ON_CHAIN },
  { row: 'G1', what: 'mobile money: a callback is a hint, our own query decides', needs: MOBILE_MONEY },
  { row: 'G2', what: 'mobile money: the provider’s address is the socket’s, not a header’s', needs: MOBILE_MONEY },
  { row: 'G3', what: 'mobile money: credited though every callback is lost', needs: MOBILE_MONEY },
  { row: 'G4', what: 'mobile money: a prompt without an answer may have been paid', needs: MOBILE_MONEY },
  { row: 'G5', what: 'mobile money: a payout that timed out is asked for again under its one id', needs: MOBILE_MONEY },
  { row: 'G6', what: 'mobile money: a cash-in taken back after its sats were spent', needs: MOBILE_MONEY },
  { row: 'G7', what: 'mobile money: float is reserved with the quote', needs: MOBILE_MONEY },
  { row: 'G8', what: 'mobile money: callbacks that carry a hash are checked by it', needs: MOBILE_MONEY },
  { row: 'G9', what: 'mobile money: the payer is the person the wallet belongs to', needs: MOBILE_MONEY },
  { row: 'H4', what: 'WhatsApp by a linked phone: an event comes several times, or is missed', needs: WHATSAPP },
  { row: 'H5', what: 'WhatsApp by a linked phone: a number is blocked for good', needs: WHATSAPP },
  {
    row: 'H6',
    what: 'WhatsApp’s official interface: signatures over the raw body, deliveries days late',
    needs: WHATSAPP,
  },
  { row: 'H7', what: 'WhatsApp: one person under several forms of an id', needs: WHATSAPP },
  {
    row: 'H10',
    what: 'wallets reached by a phone number: the number gets another owner',
    needs: [...WHATSAPP, ...LINKS],
  },
  { row: 'H11', what: 'link codes between channels: guessed, replayed, shown in a group', needs: LINKS },
  {
    row: 'H13',
    what: 'daily limits: a rolling day, summed in the transaction that debits',
    needs: ['src/chat/commands/limits.ts', 'src/**/daily-limit*', 'src/infra/db/limits*', 'src/flows/limits*'],
  },
  { row: 'J2', what: 'quotes: one rate from the quote to the end', needs: QUOTES },
  { row: 'J3', what: 'quotes: holding one open, or buying stale and selling fresh, gains nothing', needs: QUOTES },
];
