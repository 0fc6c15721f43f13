/** Serves the scripted function on a free port; the tests in kits/tests talk to it through Headway. */

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

import { httpListener } from "../src/index.js";
import { PROCESSORS } from "./scripted.js";
import { silent } from "./support.js";

silent();
const { item } = PROCESSORS;
if (item === undefined) throw new Error("no scripted function");
const server = createServer(httpListener(item)).listen(0, "127.0.0.1", () => {
  console.log(`serving on http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
