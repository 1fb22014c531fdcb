// The pages of admins: coming in by a link from the chat, and what there is to see. Without ADMIN_URL there is nothing there.
// A link that is merely fetched, as those who show previews do, is not used up: only the button on its page does that.
import { enterWeb, leaveWeb, WEB_IN_PATH, WEB_PATH, type WebUser } from '../../flows/admin-web.ts';
import { type Analytics, analytics } from '../../flows/analytics.ts';
import type { World } from '../../world.ts';
import type { HttpAnswer, HttpRequest, HttpServer } from '../server.ts';
import { languageOf as languageAsked } from '../status.ts';
import { analyticsCsv, analyticsJson } from './analytics-export.ts';
import { analyticsPage } from './analytics-page.ts';
import { addBoard, BOARD_PATH } from './board.ts';
import {
  forAdmins,
  forAdminsHere,
  NO_SESSION_COOKIE,
  notice,
  sameOrigin,
  sessionCookie,
  whileServing,
} from './guard.ts';
import { escaped, PRIVATE_HEADERS, page } from './page.ts';
import { ADMIN_TEXTS, languageOf } from './texts.ts';

const ANALYTICS_PATH = `${WEB_PATH}/analytics`;
const OUT_PATH = `${WEB_PATH}/out`;
const USUAL_DAYS = 30;

/** Adds all of them. */
export function addAdmin(server: HttpServer, world: World): void {
  if (world.config.ADMIN_URL === undefined) return;
  addLogin(server, world);
  server.route(
    'GET',
    WEB_PATH,
    forAdmins(world, async (_request, user) => homePage(user)),
  );
  addAnalytics(server, world);
  addBoard(server, world);
}

function addLogin(server: HttpServer, world: World): void {
  server.route('GET', WEB_IN_PATH, async ({ query, headers }) => {
    const language = languageAsked(headers['accept-language']);
    const { title, enterHint, enter } = ADMIN_TEXTS[language];
    const key = escaped(String(query.key ?? ''));
    const form = `<form method="post" action="${WEB_IN_PATH}"><input type="hidden" name="key" value="${key}"><button>${enter}</button></form>`;
    return page({ language, title, body: `<h1>${title}</h1><p>${enterHint}</p>${form}` });
  });
  const enter = async ({ rawBody, headers }: HttpRequest): Promise<HttpAnswer> => {
    const secret = await enterWeb(world, new URLSearchParams(rawBody.toString()).get('key') ?? '');
    const language = languageAsked(headers['accept-language']);
    if (secret === undefined) return notice(language, ADMIN_TEXTS[language].linkOver, 403);
    return { status: 303, headers: { ...PRIVATE_HEADERS, location: WEB_PATH, 'set-cookie': sessionCookie(secret) } };
  };
  server.route('POST', WEB_IN_PATH, sameOrigin(whileServing(world, enter)));
  server.route(
    'POST',
    OUT_PATH,
    forAdminsHere(world, async (_request, { userId, language }) => {
      await leaveWeb(world, userId);
      return notice(language, ADMIN_TEXTS[languageOf(language)].left, 200, { 'set-cookie': NO_SESSION_COOKIE });
    }),
  );
}

function homePage({ language: theirs }: WebUser): HttpAnswer {
  const language = languageOf(theirs);
  const texts = ADMIN_TEXTS[language];
  const link = (path: string, name: string, hint: string) => `<p><a href="${path}">${name}</a>: ${hint}</p>`;
  const body = `<h1>${texts.title}</h1>
${link(ANALYTICS_PATH, texts.analytics, texts.analyticsHint)}
${link(BOARD_PATH, texts.queues, texts.queuesHint)}
<form method="post" action="${OUT_PATH}"><p><button>${texts.leave}</button></p></form>`;
  return page({ language, title: texts.title, body });
}

function addAnalytics(server: HttpServer, world: World): void {
  const add = (ending: string, show: (found: Analytics, user: WebUser) => HttpAnswer) =>
    server.route(
      'GET',
      `${ANALYTICS_PATH}${ending}`,
      forAdmins(world, async ({ query }, user) => {
        const days = Number(query.days ?? USUAL_DAYS);
        return show(await analytics(world, user.userId, days), user);
      }),
    );
  const asFile = (ending: string, { askedDays, atMs }: Analytics) => {
    const day = new Date(atMs).toISOString().slice(0, 10);
    return {
      ...PRIVATE_HEADERS,
      'content-disposition': `attachment; filename="satfleet-${day}-${askedDays}-days.${ending}"`,
    };
  };
  const paths = { path: ANALYTICS_PATH, home: WEB_PATH };
  add('', (found, { language }) => analyticsPage(found, languageOf(language), paths));
  add('.csv', (found) => ({
    status: 200,
    headers: { ...asFile('csv', found), 'content-type': 'text/csv; charset=utf-8' },
    body: analyticsCsv(found),
  }));
  add('.json', (found) => ({ status: 200, headers: asFile('json', found), body: analyticsJson(found) }));
}
