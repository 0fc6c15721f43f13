/** The errors that a processor throws: each says what happens with the item. */

export type Kind = "permanent" | "retryable" | "throttled";

export interface ErrorOptions {
  /** Short and stable, for grouping (64 characters). */
  code?: string;
  /** For your own logs. */
  cause?: unknown;
}

export interface WaitOptions extends ErrorOptions {
  /** The shortest wait in seconds, from 0. More than a day counts as a day. */
  after?: number;
}

/** Marks the kit's errors, so that errors of another copy of the kit are recognized, too. */
const BRAND = Symbol.for("headway-kit.ItemError");

/** Why an item is not done. Throw one of its subclasses. `message` is for people: the job's owner sees it (1,000 characters). */
export abstract class ItemError extends Error {
  abstract readonly kind: Kind;
  readonly code: string;
  readonly after: number | undefined;
  readonly [BRAND] = true;

  constructor(message = "", options: WaitOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = options.code ?? "";
    this.after = wait(options.after);
  }
}

/** Throws if it is no wait: what is not sent would be waited for by nobody. */
function wait(after: unknown): number | undefined {
  if (after === undefined || after === null) return undefined;
  if (typeof after === "number" && after >= 0 && after < Number.POSITIVE_INFINITY) return after;
  throw new RangeError(`after is ${String(after)}: a wait is a number of seconds, 0 or more, and not infinite`);
}

/** A permanent error: the item fails, and is not tried again. */
export class Permanent extends ItemError {
  readonly kind = "permanent";

  constructor(message = "", options: ErrorOptions = {}) {
    super(message, options);
  }
}

/** A temporary error: the item is tried again, not before `after`. Each try is charged. */
export class Retryable extends ItemError {
  readonly kind = "retryable";
}

/**
 * Whatever this processor needs takes no more for now. The item waits, and so does everything else that uses the same endpoint.
 * No attempt is charged. Not for a single item that is busy: that is `Retryable`.
 */
export class Throttled extends ItemError {
  readonly kind = "throttled";

  constructor(after?: number, message = "", options: ErrorOptions = {}) {
    super(message, after === undefined ? options : { ...options, after });
  }
}

/** True if it is one of the kit's errors. */
export function isItemError(error: unknown): error is ItemError {
  return typeof error === "object" && error !== null && BRAND in error;
}
