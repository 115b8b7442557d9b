// The good inputs that damage starts from: bytes that Apache's own programs wrote.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../workspace.mjs';

const golden = join(root, '..', 'shared', 'golden');
/** Larger ones are all of one kind (long property lists, big bodies) and would take most of the time. */
const MAX_SEED_BYTES = 8 * 1024;

function filesOf(folder, ending) {
  const path = join(golden, folder);
  if (!existsSync(path)) throw new Error('no golden data: expected shared/golden beside the repository');
  return readdirSync(path)
    .filter((name) => name.endsWith(ending))
    .sort()
    .map((name) => ({ name, bytes: readFileSync(join(path, name)) }))
    .filter(({ bytes }) => bytes.length <= MAX_SEED_BYTES);
}

/** Whole frames, `{ name, bytes }`, requests and responses in both of Apache's codecs. */
export const frames = () => filesOf('remoting/frames', '.bin');

/** Stored messages in every form. */
export const messages = () => filesOf('message', '.bin').map(({ bytes }) => bytes);

/** Compressed bodies by type. */
export function compressed(type) {
  return filesOf('message', '.body')
    .filter(({ name }) => name.includes(type.toLowerCase()))
    .map(({ bytes }) => bytes);
}
