import { AsyncLocalStorage } from 'node:async_hooks';
import {
  Producer,
  PushConsumer,
  TransactionProducer,
  openTelemetryHook,
  type OpenTelemetryApi,
  type OtelSpan,
} from '../src/index.js';
import { eventually } from './eventually.js';
import { refuse } from './fake-broker.js';
import { FakeCluster } from './fake-cluster.js';

interface Span extends OtelSpan {
  readonly name: string;
  readonly kind: number | undefined;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentId: string | undefined;
  readonly links: { context: SpanContext }[];
  readonly attributes: Record<string, unknown>;
  status: { code: number; message?: string } | undefined;
  ended: number;
}
interface SpanContext {
  readonly traceId: string;
  readonly spanId: string;
}
/** What this API keeps in a context: the span's ids. */
type Context = SpanContext | null;

/** OpenTelemetry's API in memory: W3C propagation, contexts in an AsyncLocalStorage. */
class MemoryTelemetry implements OpenTelemetryApi<Context, SpanContext> {
  readonly spans: Span[] = [];
  readonly SpanKind = { PRODUCER: 3, CONSUMER: 4 };
  readonly SpanStatusCode = { ERROR: 2 };
  readonly #storage = new AsyncLocalStorage<Context>();
  #nextId = 1;
  readonly context = {
    active: (): Context => this.#storage.getStore() ?? null,
    with: <R>(context: Context, fn: () => R): R => this.#storage.run(context, fn),
  };
  readonly propagation = {
    inject: (context: Context, carrier: Record<string, string>): void => {
      if (context !== null) carrier['traceparent'] = `00-${context.traceId}-${context.spanId}-01`;
    },
    extract: (context: Context, carrier: Record<string, string>): Context => {
      const [, traceId, spanId] = carrier['traceparent']?.split('-') ?? [];
      return traceId === undefined || spanId === undefined ? context : { traceId, spanId };
    },
  };
  readonly trace = {
    getTracer: () => ({
      startSpan: (
        name: string,
        options: { kind?: number; attributes?: Record<string, unknown>; links?: { context: SpanContext }[] },
        parent?: Context,
      ): Span => this.#start(name, options, parent ?? null),
    }),
    setSpan: (_context: Context, span: OtelSpan): Context => {
      const { traceId, spanId } = span as Span;
      return { traceId, spanId };
    },
    getSpanContext: (context: Context): SpanContext | undefined => context ?? undefined,
  };

  #start(
    name: string,
    options: { kind?: number; attributes?: Record<string, unknown>; links?: { context: SpanContext }[] },
    parent: Context,
  ): Span {
    const id = String(this.#nextId++);
    const span: Span = {
      ...{ name, kind: options.kind, traceId: parent?.traceId ?? `t${id}`, spanId: `s${id}` },
      ...{ parentId: parent?.spanId, links: options.links ?? [], attributes: { ...options.attributes } },
      ...{ status: undefined, ended: 0 },
      setAttribute: (key, value) => (span.attributes[key] = value),
      setStatus: (status) => (span.status = status),
      recordException: () => undefined,
      end: () => void span.ended++,
    };
    this.spans.push(span);
    return span;
  }
}

let cluster: FakeCluster;
let telemetry: MemoryTelemetry;
const open: { close(): Promise<unknown> }[] = [];
beforeEach(async () => {
  cluster = await FakeCluster.start({ topics: { T: 1, U: 1 } });
  telemetry = new MemoryTelemetry();
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((resource) => resource.close()));
  await cluster.close();
});

async function producer(): Promise<Producer> {
  const messageHooks = [openTelemetryHook(telemetry)];
  const made = new Producer({ nameServers: cluster.nameServers, producerGroup: 'P', messageHooks });
  open.push(made);
  await made.start();
  return made;
}

async function consume(
  handler: () => Promise<void> | void,
  { consumeMessageBatchMaxSize = 1 } = {},
): Promise<PushConsumer> {
  const consumer = new PushConsumer({
    ...{ nameServers: cluster.nameServers, consumerGroup: 'G', consumeMessageBatchMaxSize, handler },
    ...{ consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET', messageHooks: [openTelemetryHook(telemetry)] },
  });
  open.push(consumer);
  consumer.subscribe('T');
  await consumer.start();
  return consumer;
}

const spansOf = (name: string): Span[] => telemetry.spans.filter((span) => span.name === name);

describe('OpenTelemetry', () => {
  test('follows a message from its send through the handler to what the handler sends', async () => {
    const sender = await producer();
    const { msgId } = await telemetry.context.with({ traceId: 'mine', spanId: 'request' }, () =>
      sender.send({ topic: 'T', body: 'abc', tags: 'A', keys: ['k1', 'k2'] }),
    );
    await consume(async () => {
      await Promise.resolve();
      await sender.send({ topic: 'U', body: 'next' });
    });
    await eventually(
      'all spans ended',
      () => telemetry.spans.filter(({ ended }) => ended === 1).length === 3,
    );
    const [sent] = spansOf('send T') as [Span];
    const [processed] = spansOf('process T') as [Span];
    const [next] = spansOf('send U') as [Span];
    expect(telemetry.spans.map(({ traceId }) => traceId)).toEqual(['mine', 'mine', 'mine']);
    expect([sent.parentId, processed.parentId, next.parentId]).toEqual([
      'request',
      sent.spanId,
      processed.spanId,
    ]);
    const [address, port] = cluster.broker.address.split(':');
    const common = {
      ...{ 'messaging.system': 'rocketmq', 'messaging.destination.name': 'T', 'messaging.message.id': msgId },
      ...{ 'messaging.message.body.size': 3, 'messaging.rocketmq.message.tag': 'A' },
      ...{ 'messaging.rocketmq.message.keys': ['k1', 'k2'], 'messaging.destination.partition.id': '0' },
    };
    expect(sent).toMatchObject({ kind: 3, status: undefined });
    expect(sent.attributes).toMatchObject({
      ...common,
      'server.address': address,
      'server.port': Number(port),
    });
    expect(processed).toMatchObject({ kind: 4, links: [], status: undefined });
    expect(processed.attributes).toMatchObject({ ...common, 'messaging.consumer.group.name': 'G' });
  });

  test('links a delivery of several messages to all their sends', async () => {
    const sender = await producer();
    await sender.sendBatch([1, 2, 3].map((i) => ({ topic: 'T', body: String(i) })));
    await sender.send({ topic: 'T', body: '4' });
    await consume(() => undefined, { consumeMessageBatchMaxSize: 10 });
    await eventually('it was delivered', () => spansOf('process T').length === 1);
    const [batch, single] = spansOf('send T') as [Span, Span];
    expect(batch.attributes['messaging.batch.message_count']).toBe(3);
    const linked = spansOf('process T')[0]?.links.map(({ context }) => context.spanId);
    expect(linked).toEqual([batch.spanId, batch.spanId, batch.spanId, single.spanId]);
  });

  test('has the end of a transaction go on from the send of its message', async () => {
    const sender = new TransactionProducer({
      nameServers: cluster.nameServers,
      producerGroup: 'P',
      messageHooks: [openTelemetryHook(telemetry)],
      checkTransaction: () => 'UNKNOWN',
    });
    open.push(sender);
    await sender.start();
    await sender.sendInTransaction({ topic: 'T', body: 'x' }, () => 'COMMIT');
    const [[sent], [settled]] = [spansOf('send T'), spansOf('settle T')];
    expect([settled?.traceId, settled?.parentId]).toEqual([sent?.traceId, sent?.spanId]);
    expect(settled?.attributes['messaging.rocketmq.transaction.state']).toBe('COMMIT_MESSAGE');
  });

  test('marks what failed, on both sides', async () => {
    const sender = await producer();
    await sender.send({ topic: 'T', body: 'x' });
    cluster.broker.answer(10 + 300, () => refuse(13, 'illegal'));
    await expect(sender.send({ topic: 'T', body: 'y' })).rejects.toThrow();
    await consume(() => {
      throw new TypeError('the handler is broken');
    });
    await eventually('it was delivered', () => spansOf('process T')[0]?.ended === 1);
    expect(spansOf('send T')[1]).toMatchObject({ status: { code: 2 }, ended: 1 });
    expect(spansOf('send T')[1]?.attributes['error.type']).toBe('MESSAGE_ILLEGAL');
    const [processed] = spansOf('process T');
    expect(processed?.status).toEqual({ code: 2, message: 'the handler is broken' });
    expect(processed?.attributes).toMatchObject({
      ...{ 'error.type': 'TypeError', 'messaging.rocketmq.consume.result': 'EXCEPTION' },
    });
  });
});
