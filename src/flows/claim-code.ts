// The code in a claim link: the send's id and a proof that we made it, so that no list of codes needs to be kept and none
// can be guessed. Fits Telegram's deep links (64 characters of A-Z a-z 0-9 _ -).
import { createHmac, timingSafeEqual } from 'node:crypto';
import { isId } from '../base/ids.ts';

const PROOF_BYTES = 16;

/** The code of a waiting send. */
export function claimCodeOf(secret: string, sendId: string): string {
  const id = Buffer.from(sendId.replaceAll('-', ''), 'hex');
  return `c${Buffer.concat([id, proofOf(secret, sendId)]).toString('base64url')}`;
}

/** The send a code belongs to, or undefined when we never made it. */
export function sendOfClaimCode(secret: string, code: string): string | undefined {
  const bytes = Buffer.from(code.slice(1), 'base64url');
  if (code[0] !== 'c' || bytes.length !== 16 + PROOF_BYTES) return undefined;
  const hex = bytes.subarray(0, 16).toString('hex');
  const id = hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  return isId(id) && timingSafeEqual(bytes.subarray(16), proofOf(secret, id)) ? id : undefined;
}

function proofOf(secret: string, sendId: string): Buffer {
  return createHmac('sha256', secret).update(`claim/${sendId}`).digest().subarray(0, PROOF_BYTES);
}
