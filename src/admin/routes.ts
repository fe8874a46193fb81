/** The routes of the admin listener, as a table: a path and, for each method, its handler. */
import { BulkheadError, withoutPaths } from '../shared/errors.js';
import type { MultiClientCount } from '../telemetry/metrics/multi-client-metrics.js';
import type { Scrape } from '../telemetry/metrics/recorder.js';
import type { GatewayView } from '../telemetry/snapshot.js';
import { replyJson } from './reply-json.js';
import { SessionReports } from './session-reports.js';

export interface AdminReply {
  readonly status: number;
  readonly contentType?: string;
  /**
   * In parts if it may be large. Its length is unknown then, and each part is created when the previous one has left.
   */
  readonly body?: string | AsyncIterable<string>;
}

interface AdminRequest {
  /** The part of the path for the `{id}` of the route, decoded. */
  readonly id: string;
  /** Without the `?`. */
  readonly query: string;
  readonly accept: string | undefined;
}

export type AdminHandler = (request: AdminRequest) => AdminReply | Promise<AdminReply>;

export interface AdminRoute {
  readonly path: string;
  /** Whether the bearer token is not required, if one is configured. */
  readonly open: boolean;
  /** By method; `GET` also answers `HEAD`. */
  readonly methods: Readonly<Partial<Record<'GET' | 'POST' | 'DELETE', AdminHandler>>>;
}

export function createRoutes(
  view: GatewayView,
  newCount: () => MultiClientCount,
  scrape: (accept: string | undefined) => Promise<Scrape>,
): readonly AdminRoute[] {
  const reports = new SessionReports(view, newCount);
  return [
    {
      path: '/metrics',
      open: false,
      methods: {
        GET: async ({ accept }) => {
          const { contentType, body } = await scrape(accept);
          return { status: 200, contentType, body };
        },
      },
    },
    { path: '/healthz', open: true, methods: { GET: () => json(200, { status: 'alive' }) } },
    {
      path: '/readyz',
      open: true,
      methods: {
        GET: () => {
          const reason = view.unready();
          return reason === undefined
            ? json(200, { status: 'ready', ...brokenServers(view) })
            : json(503, { status: 'unready', reason });
        },
      },
    },
    { path: '/servers', open: false, methods: { GET: () => json(200, { servers: view.servers() }) } },
    {
      path: '/servers/{id}/reload',
      open: false,
      methods: { POST: ({ id, query }) => reload(view, id, query) },
    },
    { path: '/clients', open: false, methods: { GET: async () => jsonReply(200, await reports.clients()) } },
    { path: '/sessions', open: false, methods: { GET: () => jsonReply(200, reports.sessions()) } },
    {
      path: '/sessions/{id}',
      open: false,
      methods: {
        GET: ({ id }) => {
          const session = view.session(id);
          return session === undefined ? noSuchSession() : json(200, session);
        },
        DELETE: async ({ id }) => ((await view.endSession(id)) ? { status: 204 } : noSuchSession()),
      },
    },
  ];
}

/** The route of a path, and its `{id}`. */
export function findRoute(
  routes: readonly AdminRoute[],
  path: string,
): { readonly route: AdminRoute; readonly id: string } | undefined {
  for (const route of routes) {
    if (route.path === path) return { route, id: '' };
    const [prefix = '', suffix] = route.path.split('{id}');
    if (suffix === undefined || !path.startsWith(prefix) || !path.endsWith(suffix)) continue;
    const id = path.slice(prefix.length, path.length - suffix.length);
    if (id !== '' && !id.includes('/')) return { route, id: decode(id) };
  }
  return undefined;
}

/**
 * A gateway that serves some of its servers is ready; which ones it cannot serve is said beside that. Paths of the machine
 * are left out, since this route needs no token.
 */
function brokenServers(view: GatewayView): { readonly broken?: object } {
  const broken = view.servers().filter(({ state }) => state === 'broken');
  if (broken.length === 0) return {};
  return { broken: broken.map(({ name, reason = '' }) => ({ name, reason: withoutPaths(reason) })) };
}

/** The answer comes when the new version is served, or refused: then the earlier one goes on, if there was one. */
async function reload(view: GatewayView, server: string, query: string): Promise<AdminReply> {
  const parameters = new URLSearchParams(query);
  const sessions = parameters.get('sessions') ?? 'sleepers';
  const unknown = [...parameters.keys()].find((name) => name !== 'sessions');
  if (unknown !== undefined || (sessions !== 'all' && sessions !== 'sleepers')) {
    const message = 'The only parameter is sessions, which must be all or sleepers.';
    return problem(400, 'invalid_request', message);
  }
  try {
    const reloaded = await view.reload(server, sessions);
    if (reloaded !== undefined) return json(200, reloaded);
    return problem(404, 'server_unknown', 'There is no such server: GET /servers lists all of them.');
  } catch (error) {
    if (!(error instanceof BulkheadError)) throw error;
    if (error.code === 'ERR_BULKHEAD_DRAINING') return problem(503, 'draining', error.message);
    const { message, detail: where } = error;
    return problem(422, 'reload_refused', message, { ...(where !== undefined && { where }) });
  }
}

function json(status: number, value: unknown): AdminReply {
  return jsonReply(status, `${replyJson(value)}\n`);
}

function jsonReply(status: number, body: string | AsyncIterable<string>): AdminReply {
  return { status, contentType: 'application/json; charset=utf-8', body };
}

/** `error` is stable; `message` is a sentence for people. */
export function problem(status: number, error: string, message: string, more: object = {}): AdminReply {
  return json(status, { error, message, ...more });
}

function noSuchSession(): AdminReply {
  return problem(404, 'session_unknown', 'There is no such session: GET /sessions lists all of them.');
}

/** An id with wrong percent-encoding names no session. Unchanged, it finds none. */
function decode(id: string): string {
  return /^(?:[^%]|%[0-7][0-9a-f])*$/i.test(id) ? decodeURIComponent(id) : id;
}
