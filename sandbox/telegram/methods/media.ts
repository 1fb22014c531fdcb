// Pictures and documents of a call: an upload, an address to fetch, or the id of a file this bot has seen.
// Sizes are held to Telegram's: photos 10 MB, sides summing to 10,000, no longer than 20 times their width.
import { badRequest } from '../errors.ts';
import type { StoredFile } from '../files.ts';
import type { UploadedFile } from '../multipart.ts';
import { pictureSize } from '../pictures.ts';
import type { Document, PhotoSize } from '../wire.ts';
import type { Call } from './call.ts';

const PHOTO_LIMIT_BYTES = 10 * 1024 * 1024;
const FETCH_PHOTO_LIMIT_BYTES = 5 * 1024 * 1024;
const FETCH_LIMIT_BYTES = 20 * 1024 * 1024;
const FETCH_MS = 10_000;

/** The photo in parameter `name` (or under `attach://`), stored; as sizes, ascending. */
export async function readPhoto(call: Call, name: string): Promise<PhotoSize[]> {
  const source = await readSource(call, name, FETCH_PHOTO_LIMIT_BYTES);
  if (!('bytes' in source)) {
    if (source.width === undefined) throw badRequest("can't use file of type Document as Photo");
    return photoSizes(call, source);
  }
  return photoSizes(call, storePhoto(call, source));
}

/** Checks a picture as sendPhoto does, and keeps it. */
export function storePhoto(call: Pick<Call, 'state'>, upload: UploadedFile): StoredFile {
  const { bytes, name } = upload;
  if (bytes.length > PHOTO_LIMIT_BYTES) {
    const limit = `the maximum size is ${PHOTO_LIMIT_BYTES} bytes`;
    throw badRequest(`file of size ${bytes.length} bytes is too big for a photo; ${limit}`);
  }
  const size = pictureSize(bytes);
  if (!size) throw badRequest('IMAGE_PROCESS_FAILED');
  const { width, height, mime } = size;
  const tooThin = Math.max(width, height) > 20 * Math.min(width, height);
  if (width < 1 || height < 1 || width + height > 10_000 || tooThin) throw badRequest('PHOTO_INVALID_DIMENSIONS');
  return call.state.files.add(bytes, { name, mime, width, height });
}

export function photoSizes(call: Pick<Call, 'state' | 'bot'>, file: StoredFile): PhotoSize[] {
  const id = call.state.files.idFor(call.bot.id, file);
  const full = { width: file.width ?? 0, height: file.height ?? 0, file_size: file.size };
  const size: PhotoSize = { file_id: id, file_unique_id: file.unique, ...full };
  const longest = Math.max(full.width, full.height);
  if (longest <= 90) return [size];
  // The small one has the id of the whole: nobody here needs a thumbnail's own bytes.
  const scale = 90 / longest;
  const thumbnail: PhotoSize = {
    file_id: id,
    file_unique_id: `${file.unique}s`,
    width: Math.max(1, Math.round(full.width * scale)),
    height: Math.max(1, Math.round(full.height * scale)),
    file_size: Math.min(file.size, 1400),
  };
  return [thumbnail, size];
}

export async function readDocument(call: Call, name: string): Promise<Document> {
  const source = await readSource(call, name, FETCH_LIMIT_BYTES);
  const mime = 'bytes' in source ? (source.mime ?? 'application/octet-stream') : source.mime;
  const file = 'bytes' in source ? call.state.files.add(source.bytes, { name: source.name, mime }) : source;
  return {
    file_id: call.state.files.idFor(call.bot.id, file),
    file_unique_id: file.unique,
    file_name: file.name,
    mime_type: file.mime,
    file_size: file.size,
  };
}

async function readSource(call: Call, name: string, fetchLimit: number): Promise<UploadedFile | StoredFile> {
  const { params, state, bot } = call;
  const given = params.string(name) ?? '';
  const upload = given.startsWith('attach://') ? params.files.get(given.slice(9)) : params.files.get(name);
  if (upload) {
    if (upload.bytes.length === 0) throw badRequest('file must be non-empty');
    return upload;
  }
  if (!given) throw badRequest(`there is no ${name} in the request`);
  if (/^https?:\/\//i.test(given)) return fetchFile(given, fetchLimit);
  const known = state.files.find(bot.id, given);
  if (!known) throw badRequest('wrong file identifier/HTTP URL specified');
  return known;
}

async function fetchFile(url: string, limit: number): Promise<UploadedFile> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(FETCH_MS) });
    const bytes = Buffer.from(await response.arrayBuffer());
    if (!response.ok || bytes.length === 0 || bytes.length > limit) throw new Error('not usable');
    const name = new URL(url).pathname.split('/').at(-1) || 'file';
    return { name, mime: response.headers.get('content-type') ?? undefined, bytes };
  } catch {
    throw badRequest('failed to get HTTP URL content');
  }
}
