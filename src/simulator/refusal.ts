/** Heroku's error body: `{"error": {"code": <status>, "message": "…", "type": "…"}}`. */
export interface ErrorBody {
  readonly error: { readonly code: number; readonly message: string; readonly type: string };
}

const typeOf = (status: number): string => {
  if (status === 401) return 'authentication_error';
  if (status === 403) return 'authorization_error';
  if (status === 429) return 'rate_limit_error';
  return status >= 500 ? 'server_error' : 'invalid_request_error';
};

export const errorBody = (status: number, message: string): ErrorBody => ({
  error: { code: status, message, type: typeOf(status) },
});

/** A call that gets an error instead of a ranking. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}
