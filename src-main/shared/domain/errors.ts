/** The closed list of ways a request can fail; the renderer and the CLI decide by `code`, people read `message` and `remedy`. */
export const errorCodes = [
  'bad-input', // the request or a file does not fit: message names file, line, field
  'not-found',
  'conflict', // the state does not allow it now (already running, name taken)
  'unsupported', // understood and refused by name
  'corrupt', // stored data failed a check
  'io', // disk full, read-only, permission
  'out-of-memory',
  'diverged', // NaN or Inf in training
  'cancelled',
  'unavailable', // a backend, a binary or a peer is not there
  'internal',
] as const;
export type ErrorCode = (typeof errorCodes)[number];

/** Where in an input the fault is. `line` counts from 1; `field` is a dotted path. */
export interface ErrorPlace {
  file?: string;
  line?: number;
  field?: string;
}

/** What a person of this machine has to allow before it happens, because others can have named it. */
export type Consent =
  /** Prompts and answers go to this origin. */
  | { kind: 'endpoint'; origin: string }
  /** This program is started. */
  | { kind: 'program'; command: string };

/** An error as data: what crosses process borders and is held by `Result`. */
export interface ErrorReport {
  code: ErrorCode;
  message: string;
  remedy?: string;
  place?: ErrorPlace;
  /** With it allowed, the same request would continue. */
  consent?: Consent;
}

/** An expected failure. Anything thrown that is not one of these is a defect and becomes `internal`. */
export class WorkbenchError extends Error {
  readonly code: ErrorCode;
  readonly remedy: string | undefined;
  readonly place: ErrorPlace | undefined;
  readonly consent: Consent | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    options: { remedy?: string; place?: ErrorPlace; consent?: Consent; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'WorkbenchError';
    this.code = code;
    this.remedy = options.remedy;
    this.place = options.place;
    this.consent = options.consent;
  }

  toReport(): ErrorReport {
    return {
      code: this.code,
      message: this.message,
      ...(this.remedy === undefined ? {} : { remedy: this.remedy }),
      ...(this.place === undefined ? {} : { place: this.place }),
      ...(this.consent === undefined ? {} : { consent: this.consent }),
    };
  }

  static fromReport(report: ErrorReport): WorkbenchError {
    return new WorkbenchError(report.code, report.message, {
      ...(report.remedy === undefined ? {} : { remedy: report.remedy }),
      ...(report.place === undefined ? {} : { place: report.place }),
      ...(report.consent === undefined ? {} : { consent: report.consent }),
    });
  }
}

/** Any thrown value as an `ErrorReport`. */
export function reportOf(error: unknown): ErrorReport {
  if (error instanceof WorkbenchError) return error.toReport();
  return { code: 'internal', message: error instanceof Error ? error.message : String(error) };
}

export type Result<T> = { ok: true; value: T } | { ok: false; error: ErrorReport };

/** The end of a closed union's `switch`: a new member becomes a type error here. */
export function assertNever(value: never): never {
  throw new Error(`unexpected value: ${JSON.stringify(value)}`);
}
