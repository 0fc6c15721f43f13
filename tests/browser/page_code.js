// The page's own functions, without a browser: its files share one scope.
import { readFileSync } from "node:fs";

const LIMITS = { itemBytes: 262_144, itemDepth: 100, idChars: 128, itemsPerJob: 10_000_000, metadataValueChars: 256, metadataBytes: 4096 };
// What reads files, in the order in which the page has it.
export const READERS = ["../html_page/item_rows", "../html_page/visible", "words", "exact_json", "file_problem", "file_kinds", "file_text", "csv_rows", "hidden_names", "other_delimiter", "drawn_table", "csv_table", "strict_json", "sources", "json_list", "sent_file", "spreadsheet_rows", "survey"];

export const source = (path, encoding = "utf8") => readFileSync(new URL(`../../functions/${path}`, import.meta.url), encoding);
export const table = (path) => JSON.parse(source(path));

// `given` has functions of files that are left out.
export function pageCode(names, wanted, { given = {} } = {}) {
  const code = names.map((name) => source(`api/src/dashboard/${name}.js`)).join("\n");
  return new Function("LIMITS", ...Object.keys(given), `${code}; return { ${wanted} };`)(LIMITS, ...Object.values(given));
}
