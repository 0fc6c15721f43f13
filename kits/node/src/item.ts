/** One item of a job, and what the processor knows about it. */
export interface Item<Value = any> {
  /** The item: any JSON value. Rows of a CSV file are objects of texts. */
  readonly value: Value;
  /** Its place in the job, from 0. */
  readonly index: number;
  /** The job's id. */
  readonly job: string;
  /** The same on every try: use it for the side effect. */
  readonly idempotencyKey: string;
  /** Its id, if the job names an `idField`. Known in batch mode only. */
  readonly id: string | null;
  /** Which try this is, from 1. */
  readonly attempt: number;
  /** 1 for the job's first run, and one more with each retry. Known in batch mode only. */
  readonly round: number | null;
  /** The job's `params`. Known in batch mode only. */
  readonly params: unknown;
}
