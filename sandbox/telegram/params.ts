// The parameters of one call, whatever they came in: JSON, urlencoded, multipart or the query string.
// Reading is as forgiving as the real server's: numbers may be strings, objects may be JSON strings.
import { badRequest } from './errors.ts';
import { parseMultipart, type UploadedFile } from './multipart.ts';

const NO_FILES: ReadonlyMap<string, UploadedFile> = new Map();

export class Params {
  readonly values: Record<string, unknown>;
  readonly files: ReadonlyMap<string, UploadedFile>;

  constructor(values: Record<string, unknown>, files: ReadonlyMap<string, UploadedFile> = NO_FILES) {
    this.values = values;
    this.files = files;
  }

  has(name: string): boolean {
    const value = this.values[name];
    return value !== undefined && value !== null;
  }

  string(name: string): string | undefined {
    const value = this.values[name];
    if (value === undefined || value === null) return undefined;
    return typeof value === 'object' ? JSON.stringify(value) : String(value);
  }

  integer(name: string): number | undefined {
    const value = this.values[name];
    if (typeof value === 'number') return Math.trunc(value);
    return typeof value === 'string' && /^-?\d{1,16}$/.test(value) ? Number(value) : undefined;
  }

  boolean(name: string): boolean {
    const value = this.values[name];
    return value === true || value === 1 || (typeof value === 'string' && /^(true|yes|1)$/i.test(value));
  }

  /** An object or list, given as such or as a JSON string. */
  json(name: string): unknown {
    const value = this.values[name];
    if (typeof value !== 'string') return value ?? undefined;
    if (value === '') return undefined;
    try {
      return JSON.parse(value);
    } catch {
      throw badRequest(`can't parse ${name.replaceAll('_', ' ')} JSON object`);
    }
  }
}

/** Parameters from a request's parts; a broken JSON body is refused in the server's words. */
export function readParams(body: Buffer | undefined, contentType: string | undefined, query: string): Params {
  const values: Record<string, unknown> = query ? Object.fromEntries(new URLSearchParams(query)) : {};
  if (!body || body.length === 0) return new Params(values);
  const type = contentType?.toLowerCase() ?? '';
  if (type.startsWith('application/json')) return readJson(body, values);
  if (type.startsWith('multipart/form-data')) {
    const form = parseMultipart(body, contentType ?? '');
    if (!form) throw badRequest("can't parse multipart form");
    return new Params({ ...values, ...form.fields }, form.files);
  }
  if (type.startsWith('application/x-www-form-urlencoded')) {
    return new Params({ ...values, ...Object.fromEntries(new URLSearchParams(body.toString('utf8'))) });
  }
  return new Params(values);
}

function readJson(body: Buffer, values: Record<string, unknown>): Params {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body.toString('utf8'));
  } catch {
    throw badRequest("can't parse JSON object");
  }
  if (typeof parsed !== 'object' || !parsed || Array.isArray(parsed)) throw badRequest("can't parse JSON object");
  for (const name in values) (parsed as Record<string, unknown>)[name] ??= values[name];
  return new Params(parsed as Record<string, unknown>);
}
