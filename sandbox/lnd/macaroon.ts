// Macaroons in LND's own form (version 2 binary, identifier of the bakery's version 3), so that what reads or checks
// them cannot tell the difference. A token carries its rights; the root key proves that the node itself gave them.
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** One right. With the entity `uri` the action is a call's full name. */
export type Op = { entity: string; action: string };

const FORMAT_VERSION = 2;
const IDENTIFIER_VERSION = 3;
const LOCATION = 'lnd';
const ROOT_KEY_ID = '0';
const FIELD = { end: 0, location: 1, identifier: 2, signature: 6 };
const TIME_BEFORE = 'time-before ';

/** Gives a token with these rights. */
export function bakeMacaroon(rootKey: Buffer, ops: Op[]): Buffer {
  const identifier = Buffer.concat([
    Buffer.from([IDENTIFIER_VERSION]),
    protoBytes(1, randomBytes(16)),
    protoBytes(2, Buffer.from(ROOT_KEY_ID)),
    ...[...Map.groupBy(ops, (op) => op.entity)].map(([entity, group]) =>
      protoBytes(
        3,
        Buffer.concat([
          protoBytes(1, Buffer.from(entity)),
          ...group.map((op) => protoBytes(2, Buffer.from(op.action))),
        ]),
      ),
    ),
  ]);
  return Buffer.concat([
    Buffer.from([FORMAT_VERSION]),
    section(FIELD.location, Buffer.from(LOCATION)),
    section(FIELD.identifier, identifier),
    Buffer.from([FIELD.end, FIELD.end]),
    section(FIELD.signature, sign(rootKey, identifier)),
  ]);
}

/** What a token grants, and until when; its holder may have restricted it. */
export type Grant = { readonly ops: Op[]; readonly caveats: readonly string[] };

/**
 * What a token grants that this root key signed, if `mayUse` it now. Throws LND's words for junk and for a stranger's
 * token.
 */
export function readMacaroon(rootKey: Buffer, token: Buffer): Grant {
  if (token[0] !== FORMAT_VERSION) throw new Error('cannot determine data format of binary-encoded macaroon');
  const fields = new Map<number, Buffer>();
  const caveats: Buffer[] = [];
  for (let at = 1; at < token.length; ) {
    const field = token[at++] ?? 0;
    if (field === FIELD.end) continue;
    const [length, start] = readVarint(token, at);
    if (start > token.length) throw new Error('unmarshal v2: varint value extends past end of buffer');
    if (start + length > token.length) throw new Error('unmarshal v2: field data extends past end of buffer');
    const content = token.subarray(start, start + length);
    // The first is the token's own; each further one is a caveat's.
    if (field === FIELD.identifier && fields.has(field)) caveats.push(content);
    else fields.set(field, content);
    at = start + length;
  }
  if (!fields.has(FIELD.signature)) throw new Error('unmarshal v2: section extends past end of buffer');
  const identifier = fields.get(FIELD.identifier) ?? Buffer.alloc(0);
  const signature = fields.get(FIELD.signature) ?? Buffer.alloc(0);
  const wanted = caveats.reduce(hmac, sign(rootKey, identifier));
  if (signature.length !== wanted.length || !timingSafeEqual(signature, wanted)) {
    throw new Error('verification failed: signature mismatch after caveat verification');
  }
  return { ops: opsOf(identifier), caveats: caveats.map(String) };
}

/** Throws LND's words unless all caveats hold at this time, in milliseconds since 1970. */
export function checkCaveats(caveats: readonly string[], nowMs: number): void {
  for (const caveat of caveats) {
    const refuse = (why: string) => new Error(`caveat "${caveat}" not satisfied: ${why}`);
    if (!caveat.startsWith(TIME_BEFORE)) throw refuse('caveat not recognized');
    if (nowMs >= Date.parse(caveat.slice(TIME_BEFORE.length))) throw refuse('macaroon has expired');
  }
}

function opsOf(identifier: Buffer): Op[] {
  return protoFields(identifier.subarray(1))
    .filter(([field]) => field === 3)
    .flatMap(([, group]) => {
      const parts = protoFields(group);
      const entity = parts.find(([field]) => field === 1)?.[1].toString() ?? '';
      return parts.filter(([field]) => field === 2).map(([, action]) => ({ entity, action: action.toString() }));
    });
}

/** Whether these rights cover a call that needs those. */
export function allows(held: Op[], method: string, needed: Op[]): boolean {
  if (held.some((op) => op.entity === 'uri' && op.action === method)) return true;
  return needed.every((need) => held.some((op) => op.entity === need.entity && op.action === need.action));
}

function sign(rootKey: Buffer, identifier: Buffer): Buffer {
  return hmac(hmac(Buffer.from('macaroons-key-generator'), rootKey), identifier);
}

function hmac(key: Buffer, content: Buffer): Buffer {
  return createHmac('sha256', key).update(content).digest();
}

function section(field: number, content: Buffer): Buffer {
  return Buffer.concat([Buffer.from([field]), varint(content.length), content]);
}

function protoBytes(field: number, content: Buffer): Buffer {
  return Buffer.concat([Buffer.from([(field << 3) | 2]), varint(content.length), content]);
}

function protoFields(message: Buffer): [number, Buffer][] {
  const fields: [number, Buffer][] = [];
  for (let at = 0; at < message.length; ) {
    const field = (message[at] ?? 0) >> 3;
    const [length, start] = readVarint(message, at + 1);
    fields.push([field, message.subarray(start, start + length)]);
    at = start + length;
  }
  return fields;
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let left = value; ; left >>= 7) {
    if (left < 0x80) return Buffer.from([...bytes, left]);
    bytes.push((left & 0x7f) | 0x80);
  }
}

function readVarint(from: Buffer, at: number): [value: number, next: number] {
  let value = 0;
  for (let shift = 0, next = at; ; shift += 7) {
    // Beyond the end everything is 0; the caller sees that `next` lies there.
    const byte = from[next++] ?? 0;
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return [value, next];
  }
}
