// One consumer's filter code in a JavaScript engine of its own (QuickJS compiled to WebAssembly), on a thread of its own. The
// engine has no file, socket, clock of ours or module: it sees what it is handed and answers. Two limits stop it from inside,
// time and memory; the thread's owner stops the thread if they do not.
//
//                                          -> { isReady: true }     once
//   { id, kind: 'load', source, context }    -> { id }               before any other
//   { id, kind: 'match', messages: string }  -> { id, matches }
//   either                                   -> { id, error, reason, isLost }
//
// `messages` is a JSON array; `matches` one boolean each. `isLost`: there is to be another thread for the next question.
import { parentPort, workerData } from 'node:worker_threads';
import releaseVariant from '@jitl/quickjs-wasmfile-release-sync';
import { newQuickJSWASMModuleFromVariant } from 'quickjs-emscripten-core';

/** @type {{ timeLimitMs: number, memoryLimitBytes: number, stackLimitBytes: number }} */
const limits = workerData;

/** Calls the consumer's function once for each message; what is not `true` is no. */
const CALLER = `(function (json, context) {
  const messages = JSON.parse(json);
  return JSON.stringify(messages.map((message) => match(message, context) === true));
})`;

const engine = await newQuickJSWASMModuleFromVariant(releaseVariant);
let program = { source: '', context: '{}' };
let running;
let deadline = 0;

class FilterError extends Error {
  /** @param {'THROWN' | 'TIME' | 'MEMORY'} reason */
  constructor(reason, message) {
    super(message);
    this.reason = reason;
  }
}

/** A fresh engine with the program in it. Throws FilterError. */
function start() {
  const runtime = engine.newRuntime();
  runtime.setMemoryLimit(limits.memoryLimitBytes);
  runtime.setMaxStackSize(limits.stackLimitBytes);
  runtime.setInterruptHandler(() => Date.now() > deadline);
  const context = runtime.newContext();
  const started = { runtime, context };
  try {
    deadline = Date.now() + limits.timeLimitMs;
    evaluate(started, program.source, 'filter.js').dispose();
    const kind = evaluate(started, 'typeof match', 'check.js');
    const isFunction = context.getString(kind) === 'function';
    kind.dispose();
    if (!isFunction) throw new FilterError('THROWN', 'the code defines no function match(message, context)');
    started.caller = evaluate(started, CALLER, 'caller.js');
    started.argument = evaluate(started, `(${program.context})`, 'context.js');
    return started;
  } catch (error) {
    stop(started);
    throw error;
  }
}

/** False: the engine cannot tidy up any more, which happens to one that ran out of memory. */
function stop({ runtime, context, caller, argument }) {
  try {
    caller?.dispose();
    argument?.dispose();
    context.dispose();
    runtime.dispose();
    return true;
  } catch {
    return false;
  }
}

function evaluate({ context }, source, name) {
  return unwrap(context, context.evalCode(source, name));
}

/** The value of a result; what was thrown in there is thrown here. */
function unwrap(context, result) {
  if (result.error === undefined) return result.value;
  const thrown = result.error;
  const text = describe(context, thrown);
  thrown.dispose();
  if (text.includes('interrupted')) {
    throw new FilterError('TIME', `the filter ran longer than ${limits.timeLimitMs} ms`);
  }
  if (text.includes('out of memory')) {
    throw new FilterError('MEMORY', `the filter used more than ${limits.memoryLimitBytes} bytes`);
  }
  throw new FilterError('THROWN', text);
}

/** Asks for the two texts only: `dump` would run the consumer's own code, and endlessly at that. */
function describe(context, thrown) {
  deadline = Date.now() + limits.timeLimitMs;
  if (context.typeof(thrown) !== 'object') return context.getString(thrown).slice(0, 500);
  const parts = ['name', 'message', 'stack'].map((name) => {
    const property = context.getProp(thrown, name);
    const text = context.typeof(property) === 'string' ? context.getString(property) : '';
    property.dispose();
    return text;
  });
  const place = /filter\.js:\d+(?::\d+)?/.exec(parts[2])?.[0];
  return `${parts[0]}: ${parts[1]}${place === undefined ? '' : ` (${place})`}`.slice(0, 500);
}

function match(messages) {
  running ??= start();
  const { context, caller, argument } = running;
  const json = context.newString(messages);
  deadline = Date.now() + limits.timeLimitMs;
  try {
    const result = unwrap(context, context.callFunction(caller, context.undefined, json, argument));
    const matches = JSON.parse(context.getString(result));
    result.dispose();
    return matches;
  } finally {
    json.dispose();
  }
}

parentPort.on('message', ({ id, kind, ...request }) => {
  try {
    if (kind === 'load') {
      program = request;
      running = start();
      parentPort.postMessage({ id });
    } else {
      parentPort.postMessage({ id, matches: match(request.messages) });
    }
  } catch (error) {
    if (!(error instanceof FilterError)) throw error;
    // Whatever the code left behind in there is gone with the engine.
    const isTidy = running === undefined || stop(running);
    running = undefined;
    const isLost = error.reason !== 'THROWN' || !isTidy;
    parentPort.postMessage({ id, error: error.message, reason: error.reason, isLost });
  }
});
parentPort.postMessage({ isReady: true });
