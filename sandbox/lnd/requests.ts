// Payment requests (BOLT11) of the sandbox: real ones, signed with the node's key, for the network regtest.
import { createECDH } from 'node:crypto';
import { decode, encode, sign } from 'bolt11';

const REGTEST = { bech32: 'bcrt', pubKeyHash: 0x6f, scriptHash: 0xc4, validWitnessVersions: [0, 1] };
// What is read is kept, since each payment reads its request again; beyond this many all are forgotten.
const MOST_KEPT = 20_000;

export type RequestFields = {
  hash: string;
  paymentAddr: string;
  /** 0: the payer chooses. */
  valueMsat: bigint;
  memo: string;
  /** Hex, empty when there is a memo. */
  descriptionHash: string;
  createdAtS: number;
  expiryS: number;
  cltvExpiry: number;
};

export type ReadRequest = RequestFields & { payee: string };

const kept = new Map<string, ReadRequest>();

/** The compressed public key of a private one, both hex. */
export function publicKeyOf(privateKey: string): string {
  const ecdh = createECDH('secp256k1');
  ecdh.setPrivateKey(privateKey, 'hex');
  return ecdh.getPublicKey('hex', 'compressed');
}

/** Signs a request with the private key (hex) of `payee`, its public key. */
export function writeRequest(fields: ReadRequest, privateKey: string): string {
  const unsigned = encode({
    network: REGTEST,
    ...(fields.valueMsat > 0n ? { millisatoshis: fields.valueMsat.toString() } : {}),
    timestamp: fields.createdAtS,
    tags: [
      { tagName: 'payment_hash', data: fields.hash },
      { tagName: 'payment_secret', data: fields.paymentAddr },
      fields.descriptionHash
        ? { tagName: 'purpose_commit_hash', data: fields.descriptionHash }
        : { tagName: 'description', data: fields.memo },
      { tagName: 'expire_time', data: fields.expiryS },
      { tagName: 'min_final_cltv_expiry', data: fields.cltvExpiry },
      {
        tagName: 'feature_bits',
        data: {
          word_length: 4,
          var_onion_optin: { required: true, supported: false },
          payment_secret: { required: true, supported: false },
          basic_mpp: { required: false, supported: true },
        },
      },
    ],
  });
  const request = sign(unsigned, privateKey).paymentRequest ?? '';
  keep(request, fields);
  return request;
}

/** Reads a request of any regtest node. Throws what is wrong with it. */
export function readRequest(text: string): ReadRequest {
  const request = text.toLowerCase();
  const known = kept.get(request);
  if (known) return known;
  if (!/^lnbcrt\d*[munp]?1/.test(request)) {
    const foreign = /^ln(bc|tb|tbs|sb)\d/.test(request);
    throw new Error(foreign ? "invoice not for current active network 'regtest'" : 'invalid bech32 string');
  }
  const { tagsObject: tags, ...read } = decode(request, REGTEST);
  const fields = {
    payee: read.payeeNodeKey ?? '',
    hash: tags.payment_hash ?? '',
    paymentAddr: tags.payment_secret ?? '',
    valueMsat: BigInt(read.millisatoshis ?? 0),
    memo: tags.description ?? '',
    descriptionHash: tags.purpose_commit_hash ?? '',
    createdAtS: read.timestamp ?? 0,
    expiryS: tags.expire_time ?? 3600,
    cltvExpiry: tags.min_final_cltv_expiry ?? 18,
  };
  keep(request, fields);
  return fields;
}

function keep(request: string, fields: ReadRequest): void {
  if (kept.size >= MOST_KEPT) kept.clear();
  kept.set(request, fields);
}
