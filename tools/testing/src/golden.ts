// Finds the golden data (bytes written by Apache's own programs) that stands beside the repository in `shared/`.
// A clone without it skips those tests and says so; CI, where the data must be there, fails instead.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

function goldenRoot(): string | undefined {
  for (let dir = __dirname; ; dir = dirname(dir)) {
    const candidate = join(dir, '..', 'shared', 'golden');
    if (existsSync(candidate)) return candidate;
    if (dirname(dir) === dir) return undefined;
  }
}

/** Absolute path of an entry below `shared/golden`; throws when the data is not there. */
export function goldenPath(entry = ''): string {
  const root = goldenRoot();
  if (root === undefined)
    throw new Error('golden data not found: expected shared/golden beside the repository');
  return join(root, entry);
}

/** `describe` for suites that walk golden data: skipped, with the reason in its name, where the data is absent outside CI. */
export function describeGolden(name: string, suite: () => void): void {
  if (goldenRoot() !== undefined || process.env['CI'] === 'true') describe(name, suite);
  else
    describe.skip(`${name} (skipped: no shared/golden beside the repository)`, () =>
      test('is walked', () => undefined));
}
