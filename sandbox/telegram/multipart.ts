// Reads multipart/form-data from a buffer: what browsers and libraries send, and telegraf's own shape (no space after the
// colon, no content-type on the file part, no line break after the last boundary).

export interface UploadedFile {
  name: string;
  mime: string | undefined;
  bytes: Buffer;
}

export interface Form {
  fields: Record<string, string>;
  files: Map<string, UploadedFile>;
}

const HEADER_END = Buffer.from('\r\n\r\n');

/** Fields and files of a form, or undefined when the body is no form of that boundary. */
export function parseMultipart(body: Buffer, contentType: string): Form | undefined {
  const boundary = /boundary=(?:"([^"]+)"|([^;\s]+))/i.exec(contentType);
  const mark = boundary?.[1] ?? boundary?.[2];
  if (!mark) return undefined;
  const form: Form = { fields: {}, files: new Map() };
  const separator = Buffer.from(`--${mark}`);
  let at = body.indexOf(separator);
  if (at < 0) return undefined;
  for (;;) {
    at += separator.length;
    // The closing boundary is followed by two dashes, every other one by a line break.
    if (body[at] === 0x2d && body[at + 1] === 0x2d) return form;
    const head = body.indexOf(HEADER_END, at);
    const next = body.indexOf(`\r\n--${mark}`, Math.max(head, at));
    if (head < 0 || next < 0) return undefined;
    readPart(form, body.toString('utf8', at, head), body.subarray(head + HEADER_END.length, next));
    at = next + 2;
  }
}

function readPart(form: Form, head: string, content: Buffer): void {
  const disposition = /^content-disposition:(.*)$/im.exec(head)?.[1] ?? '';
  const name = /[; ]name="([^"]*)"/i.exec(disposition)?.[1];
  if (name === undefined) return;
  const fileName = /filename="([^"]*)"/i.exec(disposition)?.[1];
  if (fileName === undefined) {
    form.fields[name] = content.toString('utf8');
    return;
  }
  const mime = /^content-type:\s*(\S+)/im.exec(head)?.[1];
  form.files.set(name, { name: fileName, mime, bytes: content });
}
