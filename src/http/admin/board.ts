// The queues in the browser, behind the door: bull-board's own page and files, and its questions. Opening it is written down;
// so is every act, before it acts; acts on queues of money are refused by the queues themselves.

import { secretsOf } from '../../base/config.ts';
import { redactor } from '../../base/logger.ts';
import { mayLook } from '../../flows/admin.ts';
import { type JobAct, mayActOnJobs, WEB_PATH, type WebUser } from '../../flows/admin-web.ts';
import type { BoardMethod, QueueBoard } from '../../infra/queue/board.ts';
import type { World } from '../../world.ts';
import type { HttpAnswer, HttpRequest, HttpServer } from '../server.ts';
import { forAdmins, forAdminsHere } from './guard.ts';
import { PRIVATE_HEADERS } from './page.ts';

export const BOARD_PATH = `${WEB_PATH}/queues`;

const BOARD_HEADERS = {
  ...PRIVATE_HEADERS,
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'self'; form-action 'none'; frame-ancestors 'none'",
} as const;
// Their names change with what is in them.
const FILE_HEADERS = { ...PRIVATE_HEADERS, 'cache-control': 'private, max-age=86400' } as const;
const ACTIONS: Readonly<Record<'retry' | 'promote' | 'drop', JobAct>> = {
  retry: 'retry_failed',
  promote: 'promote_jobs',
  drop: 'drop_jobs',
};

/** Adds the board's paths; the board itself is loaded when somebody first opens it. */
export function addBoard(server: HttpServer, world: World): void {
  let opened: Promise<QueueBoard> | undefined;
  const clean = redactor(secretsOf(world.config));
  const board = () => {
    opened ??= world.queues.board((text) => String(clean(text)));
    // What could not be loaded is tried again by the next who opens it.
    opened.catch(() => {
      opened = undefined;
    });
    return opened;
  };
  const show = forAdmins(world, async (request, user) => answerLook(world, await board(), request, user));
  server.route('GET', BOARD_PATH, show);
  server.route('GET', `${BOARD_PATH}/*`, show);
  server.route(
    'PUT',
    `${BOARD_PATH}/*`,
    forAdminsHere(world, async (request, user) => answerAct(world, await board(), request, user)),
  );
}

async function answerLook(world: World, board: QueueBoard, request: HttpRequest, user: WebUser): Promise<HttpAnswer> {
  const path = request.params['*'] ?? '';
  if (path.startsWith('static/')) {
    const file = await board.file(path);
    if (!file) return { status: 404, headers: PRIVATE_HEADERS, body: { error: 'There is nothing here.' } };
    return { status: 200, headers: { ...FILE_HEADERS, 'content-type': file.type }, body: file.bytes };
  }
  if (path.startsWith('api/')) return ask(board, 'GET', request);
  await mayLook(world, user.userId, 'queues', { by: 'web' });
  const headers = { ...BOARD_HEADERS, 'content-type': 'text/html; charset=utf-8' };
  return { status: 200, headers, body: board.page(BOARD_PATH, WEB_PATH) };
}

async function answerAct(world: World, board: QueueBoard, request: HttpRequest, user: WebUser): Promise<HttpAnswer> {
  const path = `/${request.params['*'] ?? ''}`;
  const asked = board.actOf({ method: 'PUT', path, query: {} });
  if (asked) await mayActOnJobs(world, user.userId, ACTIONS[asked.act], { queue: asked.queue });
  return ask(board, 'PUT', request);
}

async function ask(board: QueueBoard, method: BoardMethod, { params, query }: HttpRequest): Promise<HttpAnswer> {
  const { status, body } = await board.answer({ method, path: `/${params['*'] ?? ''}`, query });
  return { status, headers: PRIVATE_HEADERS, body };
}
