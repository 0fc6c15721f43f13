/** Whether a request comes from Headway: Standard Webhooks 1.0, checked by its published library. */

import { Webhook, WebhookVerificationError } from "standardwebhooks";

export const SECRET_VARIABLE = "HEADWAY_SECRET";

/** The secret is missing or not valid. The message does not repeat it. */
export class SecretError extends Error {
  override readonly name = "SecretError";
}

/** Checks signatures with one or several secrets: while a secret is being replaced, with the old and the new one. */
export class Signature {
  readonly #webhooks: readonly Webhook[];

  constructor(secret?: string | readonly string[]) {
    const given = secret ?? process.env[SECRET_VARIABLE] ?? "";
    const texts = typeof given === "string" ? given.split(/\s+/).filter((text) => text !== "") : given;
    if (texts.length === 0) throw new SecretError(`no secret: set ${SECRET_VARIABLE} to the endpoint's whsec_…, or pass secret`);
    this.#webhooks = texts.map((text) => new Webhook(checked(text)));
  }

  /** Why the request cannot be trusted; undefined if it can. `headers` have names in lower case. */
  problem(headers: Readonly<Record<string, string>>, body: string): string | undefined {
    let problem = "the signature is not good";
    for (const webhook of this.#webhooks) {
      try {
        webhook.verify(body, { ...headers }, { jsonParse: false });
        return undefined;
      } catch (error) {
        problem = error instanceof WebhookVerificationError ? error.message : "the signature headers cannot be read";
      }
    }
    return problem;
  }
}

function checked(text: string): string {
  const encoded = text.startsWith("whsec_") ? text.slice("whsec_".length) : "";
  const isBase64 = /^[A-Za-z0-9+/]*={0,2}$/.test(encoded) && encoded.length % 4 === 0;
  const bytes = isBase64 ? Buffer.from(encoded, "base64").length : 0;
  if (bytes < 24 || bytes > 64) {
    throw new SecretError("a secret is whsec_ and 24 to 64 bytes in base64, as the endpoint's `secret` in HEADWAY_HTTP_ENDPOINTS");
  }
  return text;
}
