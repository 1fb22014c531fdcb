// A base backup: the server itself streams a copy of all its files over the replication protocol, with the log that makes
// them whole, straight into a sealed file. No file access to the server and no program of its version is needed.
import { PassThrough } from 'node:stream';
import pg from 'pg';
import type { Place } from './place.ts';

// What pg leaves out of its types: a query that reads the protocol's messages itself, and the connection below a client.
type Message = { chunk: Buffer };
type Row = { fields: (Buffer | string | null)[] };
type Connection = {
  query(text: string): void;
  on(event: 'copyData', hear: (message: Message) => void): void;
  off(event: 'copyData', hear: (message: Message) => void): void;
  stream: { pause(): void; resume(): void };
};

const FOLDER = 'base';
const SEGMENT_BYTES = 16n * 1024n * 1024n;

export type Base = {
  /** Its name in the place. */
  name: string;
  /** When it was whole: no earlier moment can be restored from it. */
  finishedAt: Date;
  /** The number of the first log segment it needs. */
  firstSegment: string;
};

/**
 * Takes a base backup and seals it.
 * @param url a role that may REPLICATION.
 */
export async function takeBase(url: string, place: Place): Promise<Base> {
  const client = new pg.Client({ connectionString: url, replication: 'true' } as pg.ClientConfig);
  client.on('error', () => {});
  await client.connect();
  try {
    const { rows } = await client.query('SHOW wal_segment_size');
    if (rows[0]?.wal_segment_size !== '16MB') throw new Error('wal_segment_size is not 16MB, which this counts on.');
    const tar = new PassThrough({ highWaterMark: 4 << 20 });
    const unnamed = `${FOLDER}/unfinished`;
    const written = place.write(unnamed, tar);
    written.catch(() => {});
    const start = await stream(client, tar).catch((error: Error) => {
      tar.destroy(error);
      throw error;
    });
    await written;
    return await rename(place, unnamed, start);
  } finally {
    await client.end();
  }
}

// Its name holds when it was whole, which is known only now.
async function rename(place: Place, from: string, start: Start): Promise<Base> {
  const base = baseOf(`${new Date().toISOString().replaceAll(/[-:]/g, '').replace('.', '_')}-${segmentOf(start)}`);
  await place.move(from, base.name);
  return base;
}

/** The base backups in a place, oldest first. */
export async function bases(place: Place): Promise<Base[]> {
  const names = await place.names(FOLDER);
  return names.filter((name) => /^\d{8}T\d{6}_\d{3}Z-[0-9A-F]{24}$/.test(name)).map(baseOf);
}

function baseOf(name: string): Base {
  const [, y, mo, d, h, mi, s, ms] = /^(....)(..)(..)T(..)(..)(..)_(...)/.exec(name) ?? [];
  return {
    name: `${FOLDER}/${name}`,
    finishedAt: new Date(`${y}-${mo}-${d}T${h}:${mi}:${s}.${ms}Z`),
    firstSegment: name.slice(-24),
  };
}

type Start = { lsn: string; timeline: number };

/** The log segment's name for a position: timeline, then the position in units of 16 MB. */
function segmentOf({ lsn, timeline }: Start): string {
  const [high = '0', low = '0'] = lsn.split('/');
  const number = ((BigInt(`0x${high}`) << 32n) | BigInt(`0x${low}`)) / SEGMENT_BYTES;
  const hex = (value: bigint) => value.toString(16).toUpperCase().padStart(8, '0');
  return hex(BigInt(timeline)) + hex(number / 256n) + hex(number % 256n);
}

function stream(client: pg.Client, tar: PassThrough): Promise<Start> {
  const { connection } = client as unknown as { connection: Connection };
  const label = `satfleet ${new Date().toISOString()}`;
  let start: Start | undefined;
  let archives = 0;
  let failure: Error | undefined;
  let isWaiting = false;
  const hear = ({ chunk }: Message) => {
    // n: another archive begins; d: its bytes; p and m: progress and manifest.
    const kind = String.fromCharCode(chunk[0] ?? 0);
    if (kind === 'n') archives++;
    if (kind !== 'd' || archives !== 1) return;
    // A copy: the client reads the next message into the same memory.
    const isFull = !tar.write(Buffer.from(chunk.subarray(1)));
    // What was received already still comes.
    if (!isFull || isWaiting) return;
    isWaiting = true;
    connection.stream.pause();
    tar.once('drain', () => {
      isWaiting = false;
      connection.stream.resume();
    });
  };
  return new Promise((resolve, reject) => {
    const nothing = () => {};
    client.query({
      submit(on: Connection) {
        on.on('copyData', hear);
        on.query(`BASE_BACKUP (LABEL '${label}', CHECKPOINT 'fast', WAL true, WAIT false, MANIFEST 'no')`);
      },
      // The first row says where it starts.
      handleDataRow({ fields: [lsn, timeline] }: Row) {
        start ??= { lsn: String(lsn), timeline: Number(timeline) };
      },
      handleError(error: Error) {
        failure = error;
      },
      handleReadyForQuery() {
        connection.off('copyData', hear);
        if (archives > 1)
          failure ??= new Error('The database has tablespaces of its own, which this does not back up.');
        if (!start) failure ??= new Error('The server did not say where the backup starts.');
        if (failure) reject(failure);
        else tar.end(() => resolve(start as Start));
      },
      handleRowDescription: nothing,
      handleCommandComplete: nothing,
      handleCopyData: nothing,
      handleCopyInResponse: nothing,
      handlePortalSuspended: nothing,
      handleEmptyQuery: nothing,
    } as never);
    client.once('error', reject);
  });
}
