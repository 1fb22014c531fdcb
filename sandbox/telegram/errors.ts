// The one error of the Bot API: a code, a sentence in the real server's words, and sometimes parameters.
// Whatever a method throws as ApiError is answered as Telegram would answer it; anything else is a bug of ours (500).

export interface ErrorParameters {
  retry_after?: number;
  migrate_to_chat_id?: number;
}

export class ApiError extends Error {
  readonly code: number;
  readonly parameters: ErrorParameters | undefined;

  constructor(code: number, description: string, parameters?: ErrorParameters) {
    super(description);
    this.code = code;
    this.parameters = parameters;
  }
}

/** A 400 in the words of the server, without its "Bad Request: ". */
export function badRequest(text: string): ApiError {
  return new ApiError(400, `Bad Request: ${text}`);
}

/** A 403 in the words of the server, without its "Forbidden: ". */
export function forbidden(text: string): ApiError {
  return new ApiError(403, `Forbidden: ${text}`);
}

export function tooManyRequests(retryAfterSeconds: number): ApiError {
  return new ApiError(429, `Too Many Requests: retry after ${retryAfterSeconds}`, { retry_after: retryAfterSeconds });
}

/** The body of a failed answer. */
export function errorBody(error: ApiError): string {
  const body = { ok: false, error_code: error.code, description: error.message, parameters: error.parameters };
  return JSON.stringify(body);
}
