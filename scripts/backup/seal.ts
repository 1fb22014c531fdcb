// Sealed files: compressed, then encrypted in pieces with AES-256-GCM, so that a file of any size is read and written as a
// stream and no byte of it is believed before it was authenticated. Each file has a key of its own, derived from the one
// secret; a piece's nonce holds its number and whether it is the last, so that nothing can be cut, swapped or repeated.
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { Transform, type TransformCallback } from 'node:stream';
import { createZstdCompress, createZstdDecompress } from 'node:zlib';

const MAGIC = Buffer.from('SATFLEET-SEALED-1\n');
const SALT_BYTES = 16;
const TAG_BYTES = 16;
const PIECE_BYTES = 64 * 1024;

/** The streams, one after the other, that make a sealed file of what is written to them. */
export function sealing(secret: Buffer): Transform[] {
  return [createZstdCompress(), new Pieces(PIECE_BYTES, new Sealer(secret))];
}

/**
 * The streams that give back what was sealed.
 * They fail on another secret, on any changed byte and on a file that was cut short.
 */
export function opening(secret: Buffer): Transform[] {
  return [new Pieces(PIECE_BYTES + TAG_BYTES, new Opener(secret)), createZstdDecompress()];
}

type Work = {
  /** What stands before the pieces: how many bytes of it are read, and what it is answered with. */
  headBytes: number;
  begin(head: Buffer): Buffer;
  piece(piece: Buffer, isLast: boolean): Buffer;
};

class Sealer implements Work {
  readonly headBytes = 0;
  readonly #salt = randomBytes(SALT_BYTES);
  readonly #key: Buffer;
  #count = 0;

  constructor(secret: Buffer) {
    this.#key = keyOf(secret, this.#salt);
  }

  begin(): Buffer {
    return Buffer.concat([MAGIC, this.#salt]);
  }

  piece(piece: Buffer, isLast: boolean): Buffer {
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonceOf(this.#count++, isLast));
    return Buffer.concat([cipher.update(piece), cipher.final(), cipher.getAuthTag()]);
  }
}

class Opener implements Work {
  readonly headBytes = MAGIC.length + SALT_BYTES;
  readonly #secret: Buffer;
  #key: Buffer = Buffer.alloc(0);
  #count = 0;

  constructor(secret: Buffer) {
    this.#secret = secret;
  }

  begin(head: Buffer): Buffer {
    if (!head.subarray(0, MAGIC.length).equals(MAGIC)) throw new Error('this is no sealed file');
    this.#key = keyOf(this.#secret, head.subarray(MAGIC.length));
    return Buffer.alloc(0);
  }

  piece(piece: Buffer, isLast: boolean): Buffer {
    if (piece.length < TAG_BYTES) throw new Error('the sealed file was cut short');
    const decipher = createDecipheriv('aes-256-gcm', this.#key, nonceOf(this.#count++, isLast));
    decipher.setAuthTag(piece.subarray(-TAG_BYTES));
    try {
      return Buffer.concat([decipher.update(piece.subarray(0, -TAG_BYTES)), decipher.final()]);
    } catch {
      throw new Error('the sealed file was made with another key, was changed, or was cut short');
    }
  }
}

/** Cuts a stream into pieces of one length; the last one, of any length, is known as the last. */
class Pieces extends Transform {
  readonly #length: number;
  readonly #work: Work;
  #begun = false;
  #kept: Buffer[] = [];
  #bytes = 0;

  constructor(length: number, work: Work) {
    super();
    this.#length = length;
    this.#work = work;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#kept.push(chunk);
    this.#bytes += chunk.length;
    this.#run(done, () => {
      // What fills a piece exactly may still be the last one.
      if (!this.#begun && this.#bytes >= this.#work.headBytes) this.#begin();
      while (this.#begun && this.#bytes > this.#length) this.push(this.#work.piece(this.#take(this.#length), false));
    });
  }

  override _flush(done: TransformCallback): void {
    this.#run(done, () => {
      if (!this.#begun && this.#bytes < this.#work.headBytes) throw new Error('this is no sealed file');
      if (!this.#begun) this.#begin();
      this.push(this.#work.piece(this.#take(this.#bytes), true));
    });
  }

  #begin(): void {
    this.#begun = true;
    this.push(this.#work.begin(this.#take(this.#work.headBytes)));
  }

  #take(bytes: number): Buffer {
    const all = Buffer.concat(this.#kept);
    this.#kept = [all.subarray(bytes)];
    this.#bytes -= bytes;
    return all.subarray(0, bytes);
  }

  #run(done: TransformCallback, work: () => void): void {
    try {
      work();
      done();
    } catch (error) {
      done(error as Error);
    }
  }
}

function keyOf(secret: Buffer, salt: Buffer): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, salt, 'satfleet sealed file', 32));
}

function nonceOf(count: number, isLast: boolean): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeUInt32BE(count, 7);
  nonce[11] = isLast ? 1 : 0;
  return nonce;
}
