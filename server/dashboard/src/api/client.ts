/** The one place that sends requests: language, session token, problems. */
import { noteBehind } from '@/app/behind';
import { locale } from '@/app/locale';
import { ApiProblem, readProblem } from './problem';

export type Query = Record<string, string | number | boolean | null | undefined | string[]>;
export interface Request {
  query?: Query;
  body?: unknown;
  /** A body that is sent as it is, with its content type. */
  raw?: { type: string; text: string };
  signal?: AbortSignal;
  /** What its author saw: the heads of the record as it was read. */
  base?: string | undefined;
  /** Nobody asked for it: it does not keep the session from ending for want of activity. */
  background?: boolean;
}

let csrfToken = '';
let whenSignedOut: () => void = () => {};

/** The token that goes with every writing request. */
export function useCsrfToken(token: string): void {
  csrfToken = token;
}
/** Called when the server says that there is no session any more. */
export function onSignedOut(act: () => void): void {
  whenSignedOut = act;
}

export function queryText(query: Query): string {
  const params = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (value === undefined || value === null || value === '' || value === false) continue;
    if (Array.isArray(value)) {
      if (value.length > 0) params.set(key, value.join(','));
    } else {
      params.set(key, String(value));
    }
  }
  const text = params.toString();
  return text === '' ? '' : `?${text}`;
}

async function send(method: string, path: string, request: Request): Promise<Response> {
  const headers: Record<string, string> = { 'accept-language': locale.value === 'en' ? 'en' : 'zh' };
  let body: string | undefined;
  if (request.raw) {
    headers['content-type'] = request.raw.type;
    body = request.raw.text;
  } else if (request.body !== undefined) {
    headers['content-type'] = 'application/json';
    body = JSON.stringify(request.body);
  }
  if (request.base) headers['if-match'] = `"${request.base}"`;
  if (request.background) headers['x-background'] = 'true';
  if (method !== 'GET' && csrfToken !== '') headers['x-csrf-token'] = csrfToken;
  const init: RequestInit = { method, headers, credentials: 'same-origin', cache: 'no-store' };
  if (body !== undefined) init.body = body;
  if (request.signal) init.signal = request.signal;
  let answer: Response;
  try {
    answer = await fetch(path + queryText(request.query ?? {}), init);
  } catch (thrown) {
    if (thrown instanceof DOMException && thrown.name === 'AbortError') throw thrown;
    throw ApiProblem.offline();
  }
  noteBehind(answer.headers);
  if (answer.ok) return answer;
  const problem = await readProblem(answer);
  if (problem.status === 401 && problem.code === 'unauthorized' && path !== '/v1/session') whenSignedOut();
  throw problem;
}

async function json<T>(method: string, path: string, request: Request = {}): Promise<T> {
  const answer = await send(method, path, request);
  if (answer.status === 204) return undefined as T;
  return (await answer.json()) as T;
}

export const api = {
  get: <T>(path: string, query: Query = {}, signal?: AbortSignal) =>
    json<T>('GET', path, signal ? { query, signal } : { query }),
  /** Asked by the page itself, after a notice or on a clock. */
  quietly: <T>(path: string, query: Query = {}) => json<T>('GET', path, { query, background: true }),
  post: <T>(path: string, body?: unknown, base?: string) => json<T>('POST', path, { body, base }),
  put: <T>(path: string, body?: unknown) => json<T>('PUT', path, { body }),
  patch: <T>(path: string, body?: unknown, base?: string) => json<T>('PATCH', path, { body, base }),
  remove: <T>(path: string, query: Query = {}, base?: string) => json<T>('DELETE', path, { query, base }),
  /** Sends text as it is, a CSV file for example. */
  postText: <T>(path: string, type: string, text: string, query: Query = {}) =>
    json<T>('POST', path, { raw: { type, text }, query }),
  /** A file; its name is the one the server gives. */
  file: async (path: string, query: Query): Promise<Blob> => (await send('GET', path, { query })).blob(),
};
