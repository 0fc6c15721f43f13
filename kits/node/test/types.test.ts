/** The types that are published, as a user's compiler reads them. */

import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { test } from "node:test";

const USER = `import { expressHandler, processor } from "./types/index.js";
export const handler = expressHandler(processor<{ n: number }>((item) => item.value.n + item.index));
`;

function tsc(...args: string[]): void {
  execFileSync("node_modules/.bin/tsc", args, { stdio: ["ignore", "inherit", "inherit"] });
}

/** Bug found: TypeScript 7 reads no types of Node unless it is told to, and the kit's types need them. */
test("a project that says nothing of Node's types compiles", () => {
  tsc("-p", "tsconfig.json", "--emitDeclarationOnly", "--outDir", "build/user/types");
  mkdirSync("build/user", { recursive: true });
  writeFileSync("build/user/user.ts", USER);
  tsc("--ignoreConfig", "--strict", "--module", "nodenext", "--target", "es2022", "--skipLibCheck", "false", "--noEmit", "build/user/user.ts");
});
