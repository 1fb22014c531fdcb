// Pictures and documents: kept in memory up to a bound (the oldest go first) and, with a folder, on disk for the next start.
// A file id belongs to one bot, as with the real server: another bot's id is refused.
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const MEMORY_LIMIT_BYTES = 64 * 1024 * 1024;

export interface StoredFile {
  unique: string;
  name: string;
  mime: string;
  size: number;
  width?: number;
  height?: number;
}

export class FileStore {
  readonly index: Map<string, StoredFile> = new Map();
  readonly #bytes: Map<string, Buffer> = new Map();
  readonly #folder: string | undefined;
  #total = 0;

  constructor(folder: string | undefined) {
    this.#folder = folder;
    if (folder) mkdirSync(folder, { recursive: true });
  }

  add(bytes: Buffer, about: Omit<StoredFile, 'unique' | 'size'>): StoredFile {
    const file: StoredFile = { unique: randomBytes(9).toString('base64url'), size: bytes.length, ...about };
    this.index.set(file.unique, file);
    this.#bytes.set(file.unique, bytes);
    this.#total += bytes.length;
    if (this.#folder) writeFileSync(join(this.#folder, file.unique), bytes);
    for (const [unique, oldest] of this.#bytes) {
      if (this.#total <= MEMORY_LIMIT_BYTES) break;
      this.#bytes.delete(unique);
      this.#total -= oldest.length;
      if (!this.#folder) this.index.delete(unique);
    }
    return file;
  }

  read(unique: string): Buffer | undefined {
    const kept = this.#bytes.get(unique);
    if (kept || !this.#folder || !this.index.has(unique)) return kept;
    try {
      return readFileSync(join(this.#folder, unique));
    } catch {
      return undefined;
    }
  }

  /** The id under which one bot knows a file. */
  idFor(botId: number, file: StoredFile): string {
    return Buffer.from(`${botId}:${file.unique}`).toString('base64url');
  }

  /** The file behind an id, when it is an id of this bot. */
  find(botId: number, fileId: string): StoredFile | undefined {
    const [owner, unique] = Buffer.from(fileId, 'base64url').toString('utf8').split(':');
    return owner === String(botId) && unique ? this.index.get(unique) : undefined;
  }
}
