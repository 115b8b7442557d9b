// The owner of a thread that runs one consumer's filter code. Every question gets an answer: from the thread, or from here
// once the thread takes longer than it may, after which there is a new one.
import { Worker } from 'node:worker_threads';

export interface SandboxLimits {
  /** For the messages of one question together. */
  readonly timeLimitMs: number;
  /** What the code's objects may take. */
  readonly memoryLimitBytes: number;
}

/**
 * Why there is no answer. THROWN: the code threw, or is none. TIME, MEMORY: it wanted more than it may have. BUSY: too many
 * questions wait. CLOSED: the sandbox is.
 */
export type SandboxErrorReason = 'THROWN' | 'TIME' | 'MEMORY' | 'BUSY' | 'CLOSED';

export class SandboxError extends Error {
  override readonly name = 'SandboxError';

  constructor(
    readonly reason: SandboxErrorReason,
    message: string,
  ) {
    super(message);
  }
}

/** What the code sees of a message. */
export interface FilteredMessage {
  readonly topic: string;
  readonly queueId: number;
  readonly queueOffset: number;
  readonly flag: number;
  readonly bornTimestamp: number;
  readonly storeTimestamp: number;
  readonly reconsumeTimes: number;
  readonly properties: Readonly<Record<string, string>>;
  /** Where the bytes are UTF-8. */
  readonly body?: string;
  /** Where they are not. */
  readonly bodyBase64?: string;
}

/** What the code sees beside the message. */
export interface FilterContext {
  readonly consumerGroup: string;
}

interface Question {
  readonly resolve: (matches: boolean[]) => void;
  readonly reject: (error: SandboxError) => void;
  readonly request: { readonly kind: 'load' | 'match' } & Record<string, unknown>;
}

/** What the thread says; see the worker. */
interface Answer {
  readonly isReady?: boolean;
  readonly id?: number;
  readonly matches?: boolean[];
  readonly error?: string;
  readonly reason?: SandboxErrorReason;
  readonly isLost?: boolean;
}

const STACK_LIMIT_BYTES = 256 * 1024;
/** Beyond the limit that the engine keeps by itself. */
const GRACE_MS = 2_000;
/** For a thread to start, on a machine that is busy. */
const START_LIMIT_MS = 30_000;
const MAX_WAITING = 256;
/** What the thread may take beside the engine. */
const THREAD_HEAP_MB = 64;

export class Sandbox {
  readonly #limits: SandboxLimits;
  readonly #program: { readonly source: string; readonly context: string };
  /** The first one is with the thread. */
  readonly #questions: Question[] = [];
  #worker: Worker | undefined;
  #isReady = false;
  #watchdog: NodeJS.Timeout | undefined;
  #nextId = 0;
  #closed = false;

  /** @param source defines `function match(message, context)`, which says true for the messages that are wanted */
  constructor(source: string, context: FilterContext, limits: SandboxLimits) {
    this.#limits = limits;
    this.#program = { source, context: JSON.stringify(context) };
  }

  /** Resolves when the code can be asked. Rejects with a SandboxError when it cannot be. */
  async load(): Promise<void> {
    await this.#ask({ kind: 'load', ...this.#program });
  }

  /** One boolean for each message. @throws SandboxError; a later question is answered as if nothing had happened */
  match(messages: readonly FilteredMessage[]): Promise<boolean[]> {
    return this.#ask({ kind: 'match', messages: JSON.stringify(messages) });
  }

  /** Ends the thread; whoever waits is told CLOSED. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#failAll(new SandboxError('CLOSED', 'the filter was taken away'));
    await this.#endThread();
  }

  #ask(request: Question['request']): Promise<boolean[]> {
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(new SandboxError('CLOSED', 'the filter was taken away'));
      if (this.#questions.length >= MAX_WAITING) {
        return reject(new SandboxError('BUSY', `more than ${MAX_WAITING} pulls wait for the filter`));
      }
      this.#questions.push({ resolve, reject, request });
      if (this.#questions.length === 1) this.#send();
    });
  }

  /** Gives the first question to the thread, once there is one that takes it. */
  #send(): void {
    const question = this.#questions[0];
    if (question === undefined) return;
    const worker = (this.#worker ??= this.#startThread());
    if (!this.#isReady) return this.#watch(worker, START_LIMIT_MS, 'the thread of the filter does not start');
    // A thread without a question keeps no process alive.
    worker.ref();
    worker.postMessage({ ...question.request, id: ++this.#nextId });
    const { timeLimitMs } = this.#limits;
    this.#watch(worker, timeLimitMs + GRACE_MS, `the filter ran longer than ${timeLimitMs} ms`);
  }

  #watch(worker: Worker, limitMs: number, problem: string): void {
    clearTimeout(this.#watchdog);
    this.#watchdog = setTimeout(() => this.#threadIsLost(worker, new SandboxError('TIME', problem)), limitMs);
    this.#watchdog.unref();
  }

  #startThread(): Worker {
    this.#isReady = false;
    const worker = new Worker(new URL('../worker/class-filter-worker.mjs', import.meta.url), {
      workerData: { ...this.#limits, stackLimitBytes: STACK_LIMIT_BYTES },
      resourceLimits: { maxOldGenerationSizeMb: THREAD_HEAP_MB, maxYoungGenerationSizeMb: 16 },
      env: {},
      execArgv: [],
    });
    worker.on('message', (answer: Answer) => {
      if (worker !== this.#worker) return;
      if (answer.isReady === true) this.#threadIsReady(worker);
      else if (answer.id === this.#nextId) this.#answered(worker, answer);
    });
    const lost = (detail: string): void =>
      this.#threadIsLost(worker, new SandboxError('MEMORY', `the filter ended its thread: ${detail}`));
    worker.on('error', (error) => lost(error.message));
    worker.on('exit', (code) => lost(`exit code ${code}`));
    return worker;
  }

  #threadIsReady(worker: Worker): void {
    this.#isReady = true;
    // One that replaces another has the program first; its answer is nobody's.
    if (this.#questions[0]?.request.kind !== 'load') worker.postMessage({ kind: 'load', ...this.#program });
    this.#send();
  }

  #answered(worker: Worker, { matches, error, reason = 'THROWN', isLost }: Answer): void {
    if (error !== undefined && isLost === true)
      return this.#threadIsLost(worker, new SandboxError(reason, error));
    clearTimeout(this.#watchdog);
    const question = this.#questions.shift();
    if (error === undefined) question?.resolve(matches ?? []);
    else question?.reject(new SandboxError(reason, error));
    if (this.#questions.length === 0) worker.unref();
    this.#send();
  }

  #threadIsLost(worker: Worker, error: SandboxError): void {
    if (worker !== this.#worker) return;
    clearTimeout(this.#watchdog);
    this.#worker = undefined;
    void worker.terminate();
    this.#questions.shift()?.reject(error);
    this.#send();
  }

  #failAll(error: SandboxError): void {
    clearTimeout(this.#watchdog);
    for (const question of this.#questions.splice(0)) question.reject(error);
  }

  async #endThread(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
  }
}
