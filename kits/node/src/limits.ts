/** Limits of the protocol. If a request has its own `limits`, those are used. */

export const REQUEST_BYTES_MAX = 2_500_000;
export const ANSWER_BYTES_MAX = 2_500_000;
export const OUTPUT_BYTES_MAX = 262_144;
export const OUTPUT_DEPTH_MAX = 100;
export const ITEMS_MAX = 250;
export const CODE_CHARS_MAX = 64;
export const MESSAGE_CHARS_MAX = 1_000;
export const RETRY_AFTER_SECONDS_MAX = 86_400;
/** In this share of a call's time further items may begin. */
const TIME_SHARE = 0.8;

/** The limits that a request sets for its answer. */
export interface Limits {
  readonly seconds: number | undefined;
  readonly outputBytes: number;
  readonly answerBytes: number;
}

/** Until when items may begin. Without a number of seconds: always. */
export class Deadline {
  readonly #at: number;

  constructor(...seconds: (number | undefined)[]) {
    const known = seconds.filter((given) => given !== undefined);
    this.#at = performance.now() + Math.min(...known) * 1_000 * TIME_SHARE;
  }

  isPast(): boolean {
    return performance.now() >= this.#at;
  }
}
