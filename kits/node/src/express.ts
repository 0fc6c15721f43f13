/// <reference types="node" preserve="true" />
/** Express and Connect: `app.use("/items", expressHandler(process))`, before any body parser. */

import type { IncomingMessage, ServerResponse } from "node:http";

import { answered, respond } from "./http.js";
import type { Processor } from "./processor.js";
import { Service, type ServiceOptions } from "./service.js";

/** What body parsers and platforms leave behind on a request. */
type Parsed = IncomingMessage & { readonly body?: unknown; readonly rawBody?: unknown };

/**
 * A handler for Express or Connect. It needs the body's raw bytes, since the signature is over them: mount it before `express.json()`, or
 * behind `express.raw({ type: () => true })`.
 */
export function expressHandler(
  processor: Processor,
  options: ServiceOptions = {},
): (req: IncomingMessage, res: ServerResponse, next: (error?: unknown) => void) => void {
  const service = new Service(processor, options);
  return (req, res, next) => {
    answered(service, req, rawOf(req)).then((response) => respond(res, response), next);
  };
}

/** The raw body if a parser has kept it. */
function rawOf(req: Parsed): Uint8Array | undefined {
  for (const kept of [req.rawBody, req.body]) {
    if (kept instanceof Uint8Array) return kept;
    if (typeof kept === "string") return Buffer.from(kept);
  }
  return undefined;
}
