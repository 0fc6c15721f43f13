/** A Lambda function without Lambda: each line of standard input is an event, each line of standard output its result. */

import { createInterface } from "node:readline";

import { lambdaHandler } from "../src/index.js";
import { PROCESSORS } from "./scripted.js";

const { item } = PROCESSORS;
if (item === undefined) throw new Error("no scripted function");
const handler = lambdaHandler(item);
for await (const line of createInterface({ input: process.stdin })) console.log(JSON.stringify(await handler(JSON.parse(line))));
