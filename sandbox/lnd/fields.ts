// Reads fields of a decoded request: the protos' defaults stand in for what the client did not say.
import type { Message } from './rpc.ts';
import { RpcError, UNKNOWN } from './state.ts';

export function text(message: Message, name: string): string {
  return String(message[name] ?? '');
}

/** Bytes as hex. */
export function bytes(message: Message, name: string): string {
  const value = message[name];
  return Buffer.isBuffer(value) ? value.toString('hex') : '';
}

export function number(message: Message, name: string): number {
  return Number(message[name] ?? 0);
}

export function bool(message: Message, name: string): boolean {
  return message[name] === true;
}

export function list<T>(message: Message, name: string): T[] {
  return Array.isArray(message[name]) ? message[name] : [];
}

/** An amount that may be given in sats or in millisatoshis, but not in both. */
export function amountMsat(message: Message, satField: string, msatField: string): bigint {
  const sat = BigInt(text(message, satField) || 0);
  const msat = BigInt(text(message, msatField) || 0);
  if (sat !== 0n && msat !== 0n) throw new RpcError(UNKNOWN, 'sat and msat arguments are mutually exclusive');
  return msat || sat * 1000n;
}
