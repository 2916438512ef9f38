/** A failure of a request, as the server tells it (RFC 9457) or as the network does. */
export interface ProblemJson {
  status: number;
  code: string;
  title: string;
  detail?: string | null;
  instance?: string | null;
  retryable?: boolean;
  retry_after_s?: number | null;
}

export class ApiProblem extends Error {
  readonly status: number;
  readonly code: string;
  readonly detail: string | null;
  /** The id of the request, as in the server's log. */
  readonly instance: string | null;
  readonly retryable: boolean;
  readonly retryAfterS: number | null;

  constructor(problem: ProblemJson) {
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
  const instance = answer.headers.get('x-request-id');
  try {
    const body = (await answer.json()) as ProblemJson;
    if (typeof body.code === 'string' && typeof body.title === 'string') {
      return new ApiProblem({ ...body, instance: body.instance ?? instance });
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
