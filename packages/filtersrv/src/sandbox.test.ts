import { type FilteredMessage, Sandbox, SandboxError, type SandboxLimits } from './sandbox.js';

const LIMITS: SandboxLimits = { timeLimitMs: 500, memoryLimitBytes: 4 * 1024 * 1024 };
const sandboxes: Sandbox[] = [];

function sandbox(source: string, limits: SandboxLimits = LIMITS): Sandbox {
  const made = new Sandbox(source, { consumerGroup: 'G' }, limits);
  sandboxes.push(made);
  return made;
}

afterEach(() => Promise.all(sandboxes.splice(0).map((one) => one.close())));

function message(properties: Record<string, string> = {}, body = 'text'): FilteredMessage {
  return {
    topic: 'T',
    queueId: 0,
    queueOffset: 7,
    flag: 0,
    bornTimestamp: 1,
    storeTimestamp: 2,
    reconsumeTimes: 0,
    properties,
    body,
  };
}

async function reasonOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => undefined,
    (caught: unknown) => caught,
  );
  expect(error).toBeInstanceOf(SandboxError);
  return (error as SandboxError).reason;
}

describe('filter code in its sandbox', () => {
  test('says which messages are wanted: true, and nothing else, is yes', async () => {
    const filter = sandbox(`
      function match(message, context) {
        if (message.properties.answer === 'truthy') return 1;
        return context.consumerGroup === 'G' && JSON.parse(message.body).price > 10;
      }`);
    await filter.load();
    const messages = [5, 50].map((price) => message({}, JSON.stringify({ price })));
    expect(await filter.match([...messages, message({ answer: 'truthy' })])).toEqual([false, true, false]);
    expect(await filter.match([])).toEqual([]);
  });

  test('may also be an arrow function, and may keep something between messages', async () => {
    const filter = sandbox('let seen = 0; globalThis.match = () => ++seen % 2 === 0;');
    await filter.load();
    expect(await filter.match([message(), message(), message()])).toEqual([false, true, false]);
    expect(await filter.match([message()])).toEqual([true]);
  });

  test.each([
    ['is no JavaScript', 'public class Filter { }'],
    ['defines no match', 'const x = 1;'],
    ['throws when it is read', 'throw new Error("no");'],
  ])('is refused when it %s', async (_what, source) => {
    expect(await reasonOf(sandbox(source).load())).toBe('THROWN');
  });

  test('tells where it threw, and is asked again afterwards', async () => {
    const filter = sandbox(
      'function match({ body }) {\n  if (body === "bad") throw new TypeError("odd body");\n  return true; }',
    );
    await filter.load();
    await expect(filter.match([message({}, 'bad')])).rejects.toThrow(/^TypeError: odd body \(filter\.js:2/);
    expect(await filter.match([message()])).toEqual([true]);
  });

  test.each([
    ['an endless loop', 'while (true);', 'TIME'],
    ['an endless loop that catches everything', 'for (;;) { try { for (;;); } catch {} }', 'TIME'],
    ['an endless loop in a getter of what it throws', 'throw { get message() { for (;;); } };', 'THROWN'],
    ['a pattern without end', "return /^(a+)+$/.test('a'.repeat(40) + 'b');", 'TIME'],
    ['a memory bomb of arrays', 'const all = []; for (;;) all.push(new Array(1000).fill(1));', 'MEMORY'],
    ['a memory bomb of text', "let s = 'x'; for (;;) s += s;", 'THROWN|MEMORY'],
    ['a memory bomb at once', 'new ArrayBuffer(1e9);', 'MEMORY'],
    ['endless recursion', 'return (function again() { return again(); })();', 'THROWN'],
  ])('is stopped in %s, and works again for the next messages', async (_what, code, reason) => {
    const filter = sandbox(`function match({ body }) { if (body === 'bad') { ${code} } return true; }`);
    await filter.load();
    const bad = filter.match([message({}, 'bad')]);
    const next = filter.match([message()]);
    expect(await reasonOf(bad)).toMatch(new RegExp(`^(${reason}|TIME)$`));
    expect(await next).toEqual([true]);
  });

  test('is stopped when it is endless while it is read', async () => {
    expect(await reasonOf(sandbox('for (;;);').load())).toBe('TIME');
  });

  test('has nothing of the machine it runs on', async () => {
    const names = [
      'process',
      'require',
      'fetch',
      'WebAssembly',
      'setTimeout',
      'importScripts',
      'std',
      'os',
      'Deno',
    ];
    const filter = sandbox(
      'function match({ body }) { return new Function(`return typeof ${body}`)() === "undefined"; }',
    );
    await filter.load();
    const answers = await filter.match(names.map((name) => message({}, name)));
    expect(names.filter((_, i) => !answers[i]!)).toEqual([]);
  });

  test('cannot import anything', async () => {
    expect(await reasonOf(sandbox("import fs from 'fs'; globalThis.match = () => true;").load())).toBe(
      'THROWN',
    );
  });

  test('answers a question at a time, and refuses more than may wait', async () => {
    const filter = sandbox('function match() { return true; }');
    await filter.load();
    const asked = Array.from({ length: 300 }, () =>
      filter.match([message()]).catch((error: SandboxError) => error),
    );
    const answers = await Promise.all(asked);
    expect(answers.filter((answer) => Array.isArray(answer))).toHaveLength(256);
    expect(
      answers.filter((answer) => answer instanceof SandboxError && answer.reason === 'BUSY'),
    ).toHaveLength(44);
  });

  test('is told CLOSED once it is closed', async () => {
    const filter = sandbox('function match() { for (;;); }');
    await filter.load();
    const waiting = reasonOf(filter.match([message()]));
    await filter.close();
    expect(await waiting).toBe('CLOSED');
    expect(await reasonOf(filter.match([message()]))).toBe('CLOSED');
  });
});
