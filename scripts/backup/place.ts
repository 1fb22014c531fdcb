// Where backups lie: a folder that the operator mounts from another machine. A file is written whole under another name,
// flushed and then renamed, so that what bears its name is complete; nothing lies there unsealed.
import { createReadStream, createWriteStream, existsSync } from 'node:fs';
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { opening, sealing } from './seal.ts';

const SUFFIX = '.sealed';

export type Place = {
  /** Names in one of its folders, without the suffix, sorted; none when there is no such folder. */
  names(folder: string): Promise<string[]>;
  /** The folders in one of its folders. */
  folders(folder: string): Promise<string[]>;
  has(name: string): boolean;
  /** Writes one file, replacing one of that name. */
  write(name: string, content: AsyncIterable<Uint8Array> | Buffer): Promise<void>;
  /** Pours one file out. Rejects when it is not whole. */
  pour(name: string, into: NodeJS.WritableStream): Promise<void>;
  /** A small file at once. */
  read(name: string): Promise<Buffer>;
  move(from: string, to: string): Promise<void>;
  remove(name: string): Promise<void>;
};

/** @param secret 32 bytes; without them nothing here can be read. */
export function placeAt(folder: string, secret: Buffer): Place {
  const path = (name: string) => join(folder, name + SUFFIX);
  const pour = (name: string, into: NodeJS.WritableStream) =>
    pipeline([createReadStream(path(name)), ...opening(secret), into]);
  return {
    async names(inside) {
      const names = await readdir(join(folder, inside)).catch((): string[] => []);
      return names
        .filter((name) => name.endsWith(SUFFIX))
        .map((name) => name.slice(0, -SUFFIX.length))
        .sort();
    },
    async folders(inside) {
      const entries = await readdir(join(folder, inside), { withFileTypes: true }).catch(() => []);
      return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
    },
    has: (name) => existsSync(path(name)),
    async write(name, content) {
      const target = path(name);
      await mkdir(dirname(target), { recursive: true });
      const unfinished = `${target}.part`;
      // A Buffer is an iterable of numbers to a stream.
      const source = Buffer.isBuffer(content) ? Readable.from([content]) : Readable.from(content);
      await pipeline([source, ...sealing(secret), createWriteStream(unfinished, { mode: 0o600 })]);
      await flush(unfinished);
      await rename(unfinished, target);
      await flush(dirname(target));
    },
    pour,
    async read(name) {
      const parts: Buffer[] = [];
      const keep = new Writable({
        write(chunk: Buffer, _encoding, done) {
          parts.push(chunk);
          done();
        },
      });
      await pour(name, keep);
      return Buffer.concat(parts);
    },
    async move(from, to) {
      await rename(path(from), path(to));
      await flush(dirname(path(to)));
    },
    remove: (name) => rm(path(name), { force: true }),
  };
}

async function flush(path: string): Promise<void> {
  const file = await open(path, 'r');
  // Some network mounts cannot flush a folder, and need not.
  await file.sync().catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EINVAL' && error.code !== 'ENOTSUP') throw error;
  });
  await file.close();
}
