/** A failure of a request, as the server tells it (RFC 9457) or as the network does. */
import type { ProblemJson } from './types';

/** What every failure has; the rest is the server's to tell. */
type Told = Partial<ProblemJson> & Pick<ProblemJson, 'status' | 'code' | 'title'>;

export class ApiProblem extends Error {
  readonly status: number;
  readonly code: string;
  readonly detail: string | null;
  /** The id of the request, as in the server's log. */
  readonly instance: string | null;
  readonly retryable: boolean;
  readonly retryAfterS: number | null;

  constructor(problem: Told) {
    super(problem.title);
    this.name = 'ApiProblem';
    this.status = problem.status;
    this.code = problem.code;
    this.detail = problem.detail ?? null;
    this.instance = problem.instance ?? null;
    this.retryable = problem.retryable ?? false;
    this.retryAfterS = problem.retry_after_s ?? null;
  }

  /** The request did not reach the server, or its answer did not come back. */
  static offline(): ApiProblem {
    return new ApiProblem({ status: 0, code: 'offline', title: '', retryable: true });
  }

  /** Not sent: the page is of somebody who is not signed in any more. */
  static held(): ApiProblem {
    return new ApiProblem({ status: 0, code: 'held', title: '' });
  }

  /** Something that is no API problem: a defect of the page, shown as one. */
  static from(thrown: unknown): ApiProblem {
    if (thrown instanceof ApiProblem) return thrown;
    return new ApiProblem({
      status: 0,
      code: 'page',
      title: '',
      detail: thrown instanceof Error ? thrown.message : String(thrown),
    });
  }
}

/** Reads a problem from an answer that is not of the 2xx. */
export async function readProblem(answer: Response): Promise<ApiProblem> {
  const instance = answer.headers.get('x-request-id') ?? undefined;
  try {
    const body = (await answer.json()) as Partial<ProblemJson>;
    const { code, title, status = answer.status } = body;
    if (typeof code === 'string' && typeof title === 'string') {
      return new ApiProblem({ ...body, code, title, status, instance: body.instance ?? instance });
    }
  } catch {
    // Something between the page and the server answered in its place.
  }
  return new ApiProblem({
    status: answer.status,
    code: 'unreadable',
    title: '',
    instance,
    retryable: answer.status >= 500,
  });
}
