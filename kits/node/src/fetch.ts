/** Hosts that speak fetch's `Request` and `Response`: Hono, Next.js, Bun, Deno and others. */

import { REQUEST_BYTES_MAX } from "./limits.js";
import type { Processor } from "./processor.js";
import { bodyIsGone, type Response as Answer, Service, type ServiceOptions, tooLarge } from "./service.js";

/** A function from `Request` to `Response`: `export const POST = fetchHandler(process)`. */
export function fetchHandler(processor: Processor, options: ServiceOptions = {}): (request: Request) => Promise<Response> {
  const service = new Service(processor, options);
  return async (request) => {
    const response = await answer(service, request);
    return new Response(response.status === 204 ? null : response.body, { status: response.status, headers: response.headers });
  };
}

async function answer(service: Service, request: Request): Promise<Answer> {
  if (request.bodyUsed) return bodyIsGone();
  const body = await bodyOf(request);
  const headers = Object.fromEntries(request.headers);
  return body === undefined ? tooLarge() : service.handle({ method: request.method, headers, body });
}

async function bodyOf(request: Request): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = [];
  const reader = request.body?.getReader();
  for (let size = 0; reader !== undefined; ) {
    const { done, value } = await reader.read();
    if (done) break;
    size += value.length;
    if (size > REQUEST_BYTES_MAX) {
      await reader.cancel();
      return undefined;
    }
    chunks.push(value);
  }
  return Buffer.concat(chunks);
}
