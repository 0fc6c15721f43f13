// The example of a page with <headway-job>, and its server.
import { spawn } from "node:child_process";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";

const SERVER = fileURLToPath(new URL("../../examples/embed/server.mjs", import.meta.url));

// The port is known before the server is started, since Headway lists the page's origin.
export async function freePort() {
  const server = createServer();
  await new Promise((done) => { server.listen(0, "127.0.0.1", done); });
  const { port } = server.address();
  await new Promise((done) => { server.close(done); });
  return port;
}

export async function startExample(port, world) {
  const env = { ...process.env, PORT: String(port), HEADWAY_URL: world.base, HEADWAY_TOKEN: world.token };
  const server = spawn(process.execPath, [SERVER], { env, stdio: ["ignore", "pipe", "inherit"] });
  await new Promise((done, fail) => {
    server.stdout.once("data", done);
    server.once("exit", (code) => fail(new Error(`the example ended with ${code}`)));
  });
  return { url: `http://127.0.0.1:${port}/`, stop: () => server.kill() };
}
