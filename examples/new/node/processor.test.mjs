import assert from "node:assert/strict";
import test from "node:test";
import { Permanent } from "headway-kit";
import { contact } from "./processor.mjs";

test("an address is brought into one form", () => {
  const output = contact({ value: { name: " Ada ", email: "Ada@Example.com " } });
  assert.deepEqual(output, { name: "Ada", email: "ada@example.com" });
});

for (const email of ["", "ada", "@example.com", "ada@example"]) {
  test(`${JSON.stringify(email)} is no address and fails for good`, () => {
    const isOurs = (error) => error instanceof Permanent && error.code === "email";
    assert.throws(() => contact({ value: { name: "Ada", email } }), isOurs);
  });
}
