// What every parser of texts gives back, and the one way they fail.
// Offsets in entities are UTF-16 units; offsets in error texts are bytes, as in the real server.
import { type ApiError, badRequest } from '../errors.ts';
import type { Entity } from '../wire.ts';

export interface Formatted {
  text: string;
  entities: Entity[];
}

export function badEntities(text: string): ApiError {
  return badRequest(`can't parse entities: ${text}`);
}

export function byteOffset(source: string, index: number): number {
  return Buffer.byteLength(source.slice(0, index));
}
