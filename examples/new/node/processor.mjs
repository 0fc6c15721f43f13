/** Checks contacts. An item is a row of the file; its members are the columns. */
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { httpListener, lambdaHandler, Permanent, processor } from "headway-kit";

/** Checks a contact's address and brings it into one form. */
export function contact(item) {
  const email = item.value.email.trim().toLowerCase();
  const [user, host = ""] = email.split("@");
  if (user === "" || !host.includes(".")) {
    // Trying again would change nothing: the item fails, and is listed under this code. What is not caught is tried 5 times,
    // with growing waits: so throw a `Permanent` for a row that is bad.
    throw new Permanent(`${JSON.stringify(item.value.email)} is not an email address`, { code: "email" });
  }
  // Your own work goes here. If something fails temporarily, throw a `Retryable`. An item may come more than once: give
  // `item.idempotencyKey` to whatever you call. It is the same on every try.
  return { name: item.value.name.trim(), email };
}

const contacts = processor(contact);

export const handler = lambdaHandler(contacts);

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const server = createServer(httpListener(contacts)).listen(Number(process.env.PORT ?? 8000), "127.0.0.1", () => {
    // tools/with-endpoint.sh waits for this line.
    console.log(`serving on http://127.0.0.1:${server.address().port}`);
  });
}
