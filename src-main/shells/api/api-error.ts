import type { ServerResponse } from 'node:http';
import { reportOf } from '../../shared/domain/errors.ts';
import type { ErrorCode } from '../../shared/domain/errors.ts';

/** An answer that says what went wrong, in the form that clients of OpenAI’s interface read. */
export class ApiError extends Error {
  readonly status: number;
  readonly type: string;
  readonly code: string | null;
  readonly param: string | null;

  constructor(status: number, message: string, more: { code?: string; param?: string } = {}) {
    super(message);
    this.status = status;
    this.type = typeOf(status);
    this.code = more.code ?? null;
    this.param = more.param ?? null;
  }

  body(): { error: { message: string; type: string; param: string | null; code: string | null } } {
    return { error: { message: this.message, type: this.type, param: this.param, code: this.code } };
  }
}

function typeOf(status: number): string {
  if (status === 401) return 'authentication_error';
  if (status === 403) return 'permission_error';
  if (status === 429) return 'rate_limit_error';
  return status >= 500 ? 'server_error' : 'invalid_request_error';
}

const statuses: Partial<Record<ErrorCode, number>> = {
  'bad-input': 400,
  unsupported: 400,
  'not-found': 404,
  conflict: 409,
  unavailable: 503,
  'out-of-memory': 503,
};

/** Any failure as such an answer; what nobody expected says no more than that. */
export function apiErrorOf(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  const report = reportOf(error);
  const status = statuses[report.code] ?? 500;
  const text = inSentences(report.message, report.remedy);
  const field = report.place?.field;
  return new ApiError(status, text, field === 'context_length_exceeded' ? { code: field } : {});
}

function inSentences(...parts: readonly (string | undefined)[]): string {
  const said = parts.filter((part) => part !== undefined);
  return said.map((part) => (/[.!?]$/.test(part) ? part : `${part}.`)).join(' ');
}

export function sendError(response: ServerResponse, error: ApiError): void {
  sendJson(response, error.status, error.body());
}

export function sendJson(response: ServerResponse, status: number, value: unknown): void {
  const body = JSON.stringify(value);
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
  });
  response.end(body);
}
