// Parses an AsyncAPI document with the parser of its makers. Whatever that says about it, hints included, is an error.
import { readFileSync } from 'node:fs';
import { Parser } from '@asyncapi/parser';

const file = process.argv[2];
const { document, diagnostics } = await new Parser().parse(readFileSync(file, 'utf8'));
for (const d of diagnostics) {
  console.log(`${file}:${d.range.start.line + 1}: ${['error', 'warning', 'information', 'hint'][d.severity]} ${d.code} at ${d.path.join('/')}: ${d.message}`);
}
if (!document || diagnostics.length > 0) {
  process.exit(1);
}
console.log(`${file}: version ${document.version()}, ${document.allChannels().length} channels, ${document.allMessages().length} messages, nothing to say.`);
