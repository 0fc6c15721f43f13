/// <reference types="node" preserve="true" />
/**
 * Write a Headway processor for Node: a wrapper around your function, and a host for it.
 *
 * ```js
 * import { createServer } from "node:http";
 * import { httpListener, Permanent, processor } from "headway-kit";
 *
 * const process = processor(async (item) => {
 *   if (!item.value.email) throw new Permanent("no email", { code: "no-email" });
 *   return { contact: await save(item.value, item.idempotencyKey) };
 * });
 * createServer(httpListener(process)).listen(8000);
 * ```
 */
export { lambdaHandler, type LambdaContext } from "./lambda.js";
export { ItemError, Permanent, Retryable, Throttled, type ErrorOptions, type WaitOptions } from "./errors.js";
export { expressHandler } from "./express.js";
export { fetchHandler } from "./fetch.js";
export { httpListener } from "./http.js";
export type { Item } from "./item.js";
export { batchProcessor, processor, Processor, type BatchFunction, type ItemFunction, type Options } from "./processor.js";
export type { ServiceOptions } from "./service.js";
export { SecretError } from "./signature.js";
