/** AWS Lambda: invoked by Headway's `lambda` processor, or over HTTP by a function URL, API Gateway or a load balancer. */

import { Batch, TYPE } from "./document.js";
import { Deadline } from "./limits.js";
import type { Processor } from "./processor.js";
import { checkedProcessor, problem, type Request, type Response, Service, type ServiceOptions } from "./service.js";
import { SECRET_VARIABLE } from "./signature.js";

/** What the kit uses of Lambda's context. */
export interface LambdaContext {
  getRemainingTimeInMillis?(): number;
}

/** What the kit uses of the events of payload formats 1.0 and 2.0, and of a load balancer. */
interface HttpEvent {
  readonly requestContext: { readonly http?: { readonly method?: string } };
  readonly httpMethod?: string;
  readonly headers?: Readonly<Record<string, string | undefined>> | null;
  readonly multiValueHeaders?: Readonly<Record<string, readonly string[] | undefined>> | null;
  readonly body?: string | null;
  readonly isBase64Encoded?: boolean;
}

/**
 * A handler for AWS Lambda: `export const handler = lambdaHandler(process)`.
 *
 * A function that only `lambda` invokes needs no secret: IAM decides who may invoke it. One that is reached over HTTP needs the
 * endpoint's, in `secret` or HEADWAY_SECRET.
 */
export function lambdaHandler(
  processor: Processor,
  options: ServiceOptions = {},
): (event: unknown, context?: LambdaContext) => Promise<unknown> {
  checkedProcessor(processor);
  const hasSecret = options.secret !== undefined || (process.env[SECRET_VARIABLE] ?? "").trim() !== "";
  const service = hasSecret ? new Service(processor, options) : undefined;
  return async (event, context) => {
    const millis = context?.getRemainingTimeInMillis?.();
    const seconds = millis === undefined ? undefined : millis / 1_000;
    if (typeof event === "object" && event !== null) {
      if ("requestContext" in event) return overHttp(service, event as HttpEvent, seconds);
      if ("type" in event && event.type === TYPE) return invoked(processor, event, seconds);
    }
    throw new TypeError("this event is neither a batch of Headway's nor an HTTP request");
  };
}

/** Invoked with the document itself. The runtime writes what is returned as JSON. */
async function invoked(processor: Processor, event: object, seconds: number | undefined): Promise<unknown> {
  const batch = Batch.read(event);
  const outcomes = await processor.run(batch.items, batch.limits.outputBytes, new Deadline(batch.limits.seconds, seconds));
  return JSON.parse(batch.answer(outcomes));
}

async function overHttp(service: Service | undefined, event: HttpEvent, seconds: number | undefined): Promise<unknown> {
  const without = `this function has no ${SECRET_VARIABLE}: it cannot check signatures`;
  const response = service === undefined ? problem(500, without) : await service.handle(requestOf(event), seconds);
  return answerOf(event, response);
}

function requestOf(event: HttpEvent): Request {
  const headers: Record<string, string> = {};
  for (const [name, values] of Object.entries(event.multiValueHeaders ?? {})) headers[name.toLowerCase()] = values?.[0] ?? "";
  for (const [name, value] of Object.entries(event.headers ?? {})) headers[name.toLowerCase()] = value ?? "";
  const body = Buffer.from(event.body ?? "", event.isBase64Encoded === true ? "base64" : "utf8");
  return { method: event.httpMethod ?? event.requestContext.http?.method ?? "", headers, body };
}

function answerOf(event: HttpEvent, response: Response): unknown {
  const answer = { statusCode: response.status, body: response.body, isBase64Encoded: false };
  // A load balancer that sends each header as a list reads them as lists only.
  if (event.headers === undefined && event.multiValueHeaders) {
    const lists = Object.entries(response.headers).map(([name, value]) => [name, [value]]);
    return { ...answer, multiValueHeaders: Object.fromEntries(lists) };
  }
  return { ...answer, headers: response.headers };
}
