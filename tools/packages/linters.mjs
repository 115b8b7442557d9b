// The two linters of published packages, each answering a list of sentences.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { run } from './run.mjs';

/** Errors and warnings of publint; its suggestions are taste. */
export async function publintProblems(tarball) {
  const bytes = readFileSync(tarball);
  const pack = { tarball: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) };
  const { messages, pkg } = await publint({ pack, level: 'warning', strict: true });
  return messages.map((message) => `${message.type}: ${formatMessage(message, pkg, { color: false })}`);
}

/** What "are the types wrong" finds, for node10, node16 from CommonJS, node16 from ESM, and bundlers. */
export async function attwProblems(root, tarball) {
  const cli = join(root, 'node_modules', '@arethetypeswrong', 'cli', 'dist', 'index.js');
  const args = [cli, tarball, '--format', 'ascii', '--no-emoji', '--no-color', '--no-definitely-typed'];
  return (await run(process.execPath, args, { cwd: root })).problems;
}
