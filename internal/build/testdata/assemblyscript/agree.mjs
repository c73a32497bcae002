// Reads {regex, text}[] from cases.json and writes for each one whether path-rewrite
// refuses the expression, or whether the expression matches; and reads
// configurations in base64 and writes whether they are accepted.
import { readFileSync, writeFileSync } from "node:fs";

import { compile } from "./compile.mjs";
import { Host } from "./host.mjs";

const module = await compile();
const { regexes, configurations } = JSON.parse(readFileSync("cases.json", "utf8"));
const answers = { regexes: [], configurations: [] };
for (const { regex, text } of regexes) {
  const configuration = JSON.stringify({ rewrites: [{ regex_match: regex, custom_path: "/hit" }] });
  const host = await Host.load(module, { configuration });
  if (!host.started) {
    answers.regexes.push("refused");
    continue;
  }
  const stream = host.request([[":path", text]]);
  answers.regexes.push(stream.requestHeaders[0][1] === "/hit" ? "match" : "none");
}
for (const configuration of configurations) {
  const host = await Host.load(module, { configuration: Uint8Array.from(Buffer.from(configuration, "base64")) });
  answers.configurations.push(host.started);
}
writeFileSync("answers.json", JSON.stringify(answers));
