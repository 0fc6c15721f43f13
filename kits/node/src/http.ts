/// <reference types="node" preserve="true" />
/** Node's own server: `createServer(httpListener(process))`. */

import type { IncomingMessage, ServerResponse } from "node:http";

import { REQUEST_BYTES_MAX } from "./limits.js";
import type { Processor } from "./processor.js";
import { bodyIsGone, type Response, Service, type ServiceOptions, tooLarge } from "./service.js";

/** A listener for `http.createServer`, or for anything else that accepts Node's requests. */
export function httpListener(processor: Processor, options: ServiceOptions = {}): (req: IncomingMessage, res: ServerResponse) => void {
  const service = new Service(processor, options);
  return (req, res) => {
    answered(service, req).then(
      (response) => respond(res, response),
      () => res.destroy(),
    );
  };
}

/** The answer to a request, whose raw body may have been `kept` by a parser before. */
export async function answered(service: Service, req: IncomingMessage, kept?: Uint8Array): Promise<Response> {
  if (kept === undefined && req.readableDidRead) return bodyIsGone();
  const body = kept ?? (await bodyOf(req));
  if (body === undefined) return { ...tooLarge(), headers: { ...tooLarge().headers, connection: "close" } };
  const headers = Object.fromEntries(Object.entries(req.headers).map(([name, value]) => [name, String(value)]));
  return service.handle({ method: req.method ?? "", headers, body });
}

/** The whole body, as it came; undefined if it is larger than any that Headway sends. Throws if the sender closes the connection. */
async function bodyOf(req: IncomingMessage): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  // A body that is too large is not read on, and the stream is left open so that the refusal can still be written.
  for await (const chunk of req.iterator({ destroyOnReturn: false })) {
    // A text, if somebody has called `setEncoding`.
    const bytes: Uint8Array = typeof chunk === "string" ? Buffer.from(chunk, req.readableEncoding ?? "utf8") : chunk;
    size += bytes.length;
    if (size > REQUEST_BYTES_MAX) return undefined;
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}

export function respond(res: ServerResponse, response: Response): void {
  const length = response.status === 204 ? {} : { "content-length": String(Buffer.byteLength(response.body)) };
  res.writeHead(response.status, { ...response.headers, ...length }).end(response.body);
}
