// The door before the pages of admins: whose session a request shows, and that what changes something comes from a page of
// ours. Behind it a handler knows who asks; before it nothing is told.
import { Unavailable } from '../../base/errors.ts';
import { WEB_PATH, WEB_SESSION_MS, type WebUser, webUser } from '../../flows/admin-web.ts';
import type { World } from '../../world.ts';
import type { HttpAnswer, HttpHandler, HttpRequest } from '../server.ts';
import { languageOf as languageAsked } from '../status.ts';
import { PRIVATE_HEADERS, page } from './page.ts';
import { ADMIN_TEXTS, languageOf } from './texts.ts';

const COOKIE = 'satfleet_admin';
const ATTRIBUTES = `Path=${WEB_PATH}; HttpOnly; Secure; SameSite=Strict`;

export type AdminHandler = (request: HttpRequest, user: WebUser) => Promise<HttpAnswer>;

/** A handler for admins alone: everybody else reads how to come in. Answers 503 while a store is away. */
export function forAdmins(world: World, handler: AdminHandler): HttpHandler {
  return whileServing(world, async (request) => {
    const user = await webUser(world, cookieOf(request));
    return user ? handler(request, user) : closed(request);
  });
}

/** The same for what changes something; refused when a page of somebody else's sends it. */
export function forAdminsHere(world: World, handler: AdminHandler): HttpHandler {
  return sameOrigin(forAdmins(world, handler));
}

/** Refuses what a browser says it was sent by another site. The cookie is not shown to those either. */
export function sameOrigin(handler: HttpHandler): HttpHandler {
  return async (request) => {
    const site = request.headers['sec-fetch-site'];
    if (site === undefined || site === 'same-origin') return handler(request);
    return { status: 403, headers: PRIVATE_HEADERS, body: { error: 'Not from here. Nothing was done.' } };
  };
}

/** Says so, and nothing else, while something of ours is away. */
export function whileServing(world: World, handler: HttpHandler): HttpHandler {
  return async (request) => {
    try {
      return await handler(request);
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      world.log.warn('a page of admins is not served', { error });
      const language = languageAsked(request.headers['accept-language']);
      return notice(language, ADMIN_TEXTS[language].away, 503);
    }
  };
}

/** What makes a browser show the session from now on, and forget it. */
export const sessionCookie = (secret: string): string =>
  `${COOKIE}=${secret}; Max-Age=${WEB_SESSION_MS / 1_000}; ${ATTRIBUTES}`;
export const NO_SESSION_COOKIE = `${COOKIE}=; Max-Age=0; ${ATTRIBUTES}`;

function closed({ headers }: HttpRequest): HttpAnswer {
  const language = languageAsked(headers['accept-language']);
  const { closed: title, closedHint } = ADMIN_TEXTS[language];
  return page({ language, title, status: 401, body: `<h1>${title}</h1><p>${closedHint}</p>` });
}

/** A page of one sentence. */
export function notice(
  language: string,
  sentence: string,
  status: number,
  headers?: Record<string, string>,
): HttpAnswer {
  const known = languageOf(language);
  const { title } = ADMIN_TEXTS[known];
  const body = `<h1>${title}</h1><p>${sentence}</p>`;
  return page({ language: known, title, status, body, ...(headers ? { headers } : {}) });
}

function cookieOf({ headers }: HttpRequest): string {
  const all = typeof headers.cookie === 'string' ? headers.cookie.split(';') : [];
  const named = all.map((each) => each.trim()).find((each) => each.startsWith(`${COOKIE}=`));
  return named?.slice(COOKIE.length + 1) ?? '';
}
