/** The one place that sends requests: language, session token, problems. What may be asked is in the API's description. */
import createClient, { type ClientPathsWithMethod, type MethodResponse } from 'openapi-fetch';
import { noteBehind } from '@/app/behind';
import { locale } from '@/app/locale';
import type { paths } from './generated';
import { ApiProblem, readProblem } from './problem';

type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';
type Server = ReturnType<typeof createClient<paths>>;
type Path<M extends Method> = ClientPathsWithMethod<Server, M>;

/** A part of a request that has to be given, may be given, or is none of it. */
type Part<Name extends string, T> = [T] extends [undefined]
  ? object
  : undefined extends T
    ? { [N in Name]?: T }
    : { [N in Name]: T };
type At<T, Key extends string> = Key extends keyof T ? T[Key] : undefined;
type Parameter<O, Where extends string> = At<At<O, 'parameters'>, Where>;
type Content<B> = B extends { content: infer C } ? C[keyof C] : undefined;
type TakesBase<O> = 'If-Match' extends keyof NonNullable<Parameter<O, 'header'>> ? true : false;

interface Always {
  signal?: AbortSignal | undefined;
  /** Nobody asked for it: it does not keep the session from ending for want of activity. */
  background?: boolean;
}
/** What a request is made of: only what its route takes. */
export type Asked<P extends keyof paths, M extends Method> = Always &
  Part<'path', Parameter<paths[P][M], 'path'>> &
  Part<'query', Parameter<paths[P][M], 'query'>> &
  Part<'body', Content<At<paths[P][M], 'requestBody'>>> &
  // What its author saw: the heads of the record as it was read.
  (TakesBase<paths[P][M]> extends true ? { base?: string | null | undefined } : object);
type Given<A> = object extends A ? [asked?: A] : [asked: A];
type Answer<P extends Path<M>, M extends Method> = [MethodResponse<Server, M, P>] extends [never]
  ? undefined
  : MethodResponse<Server, M, P>;

let csrfToken = '';
let whenSignedOut: () => void = () => {};
let whenForbidden: () => Promise<boolean> = () => Promise.resolve(false);
let held = false;

/** The token that goes with every writing request. */
export function useCsrfToken(token: string): void {
  csrfToken = token;
}
/** Called when the server says that there is no session any more. */
export function onSignedOut(act: () => void): void {
  whenSignedOut = act;
}

/** Called when the server refuses what was allowed before; gives whether the page still acts for the one it shows. */
export function onForbidden(look: () => Promise<boolean>): void {
  whenForbidden = look;
}
/** While somebody else may be signed in than the page shows, nothing but the session is asked for. */
export function hold(on: boolean): void {
  held = on;
}
const SESSION = '/v1/session';

/** What is empty is left out. Parameters are nothing else than these, as `Asked` has them. */
function queryText(query: Record<string, unknown>): string {
  const params = new URLSearchParams();
  for (const [key, value] of Object.entries(query as Record<string, string | number | boolean | undefined>)) {
    if (value !== undefined && value !== '') params.set(key, String(value));
  }
  return params.toString();
}

const client = createClient<paths>({
  credentials: 'same-origin',
  cache: 'no-store',
  // As it is when it is called: tests put another in its place.
  fetch: (request) => fetch(request),
  querySerializer: (query) => queryText(query),
});
client.use({
  onRequest({ request }) {
    request.headers.set('accept-language', locale.value === 'en' ? 'en' : 'zh');
    if (request.method !== 'GET' && csrfToken !== '') request.headers.set('x-csrf-token', csrfToken);
  },
  onError({ error }) {
    if (error instanceof DOMException && error.name === 'AbortError') return undefined;
    return ApiProblem.offline();
  },
  async onResponse({ response, schemaPath }) {
    noteBehind(response.headers);
    if (response.ok) return;
    const problem = await readProblem(response);
    if (problem.status === 401 && problem.code === 'unauthorized' && schemaPath !== SESSION) whenSignedOut();
    throw problem;
  },
});

/** Any request. What may be asked of a route is checked where it is asked, by `Asked`. */
interface Loose extends Always {
  path?: Record<string, string>;
  query?: Record<string, unknown>;
  body?: unknown;
  base?: string | null;
}
const request = client.request as (method: Method, path: string, init: object) => Promise<{ data?: unknown }>;
async function send(
  method: Method,
  path: string,
  asked: Loose = {},
  parseAs: 'json' | 'blob' = 'json',
): Promise<unknown> {
  if (held && path !== SESSION) throw ApiProblem.held();
  const headers: Record<string, string> = {};
  if (asked.base) headers['if-match'] = `"${asked.base}"`;
  if (asked.background) headers['x-background'] = 'true';
  const init: Record<string, unknown> = {
    baseUrl: location.origin,
    params: { path: asked.path, query: asked.query },
    headers,
    parseAs,
  };
  if (asked.signal) init.signal = asked.signal;
  if (asked.body !== undefined) init.body = asked.body;
  if (asked.body instanceof Blob) {
    // The one body that is no JSON is a file of areas, sent byte for byte.
    headers['content-type'] = 'application/octet-stream';
    init.bodySerializer = (file: Blob) => file;
  }
  try {
    return (await request(method, path, init)).data;
  } catch (thrown) {
    if (!(thrown instanceof ApiProblem) || thrown.status !== 403 || path === SESSION) throw thrown;
    const same = await whenForbidden();
    if (thrown.code !== 'csrf') throw thrown;
    if (!same) throw ApiProblem.held();
    // The token was of a session before this one. Nothing was done with it, so it is sent again with the present one.
    return (await request(method, path, init)).data;
  }
}

function asking<M extends Method>(method: M) {
  return async <P extends Path<M>>(path: P, ...[asked]: Given<Asked<P, M>>): Promise<Answer<P, M>> =>
    // The description says what goes there and what comes back; what is no answer was thrown.
    (await send(method, path, asked as Loose | undefined)) as Answer<P, M>;
}

/** What is answered as a file. */
type FilePath =
  | '/v1/export/records'
  | '/v1/catalogue/export'
  | '/v1/calendar/export'
  | '/v1/plans/export'
  | '/v1/reports/{report_id}/export';

export const api = {
  get: asking('get'),
  post: asking('post'),
  put: asking('put'),
  patch: asking('patch'),
  delete: asking('delete'),
  /** A file; its name is the one the page gives. */
  file: async <P extends FilePath>(path: P, asked: Asked<P, 'get'>): Promise<Blob> =>
    (await send('get', path, asked as Loose, 'blob')) as Blob,
};
