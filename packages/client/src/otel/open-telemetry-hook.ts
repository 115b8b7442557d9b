import { MessageConst } from '@mq/remoting/message';
import type { ReceivedMessage } from '../consumer/received-message.js';
import type {
  ConsumeObserved,
  ConsumeObserver,
  ConsumeOutcomeObserved,
  EndTransactionObserved,
  HookedMessage,
  MessageHook,
  MessageType,
  SendObserved,
  SendOutcome,
} from '../hooks/message-hook.js';
import type { AttributeValue, OpenTelemetryApi, OtelSpan } from './open-telemetry-api.js';

type Attributes = Record<string, AttributeValue>;

const TRACER_NAME = '@mq/client';
const SYSTEM = { 'messaging.system': 'rocketmq' };

/** `messaging.rocketmq.message.type` of the semantic conventions. */
const MESSAGE_TYPES: Readonly<Record<MessageType, string>> = {
  NORMAL: 'normal',
  DELAY: 'delay',
  ORDER: 'fifo',
  TRANS_HALF: 'transaction',
  TRANS_COMMIT: 'transaction',
};

/**
 * Spans of sends, deliveries and ends of transactions, by OpenTelemetry's conventions for messaging. The context of the send
 * travels in the message's properties (`traceparent` and what else the application's propagator writes); the handler runs in
 * the context of its span. A delivery of one message continues the trace of its send; one of several links to all of theirs.
 *
 *     import * as api from '@opentelemetry/api';
 *     const messageHooks = [openTelemetryHook(api)];
 *     const producer = new Producer({ nameServers, producerGroup: 'orders', messageHooks });
 *
 * One hook serves any number of producers and consumers.
 */
export function openTelemetryHook<Context, SpanContext>(
  api: OpenTelemetryApi<Context, SpanContext>,
): MessageHook {
  const tracer = api.trace.getTracer(TRACER_NAME);

  function onSend(send: SendObserved): (outcome: SendOutcome) => void {
    const context = api.context.active();
    const options = { kind: api.SpanKind.PRODUCER, attributes: sendAttributes(send) };
    const span = tracer.startSpan(`send ${send.topic}`, options, context);
    const carried = api.trace.setSpan(context, span);
    for (const { properties } of send.messages) api.propagation.inject(carried, properties);
    return ({ result, error }) => {
      set(span, brokerAttributes(send.brokerAddress, result?.messageQueue.queueId ?? send.queueId));
      if (send.attempts > 1) span.setAttribute('messaging.rocketmq.send.attempts', send.attempts);
      finish(span, error);
    };
  }

  function onConsume({ consumerGroup, messageQueue, messages }: ConsumeObserved): Required<ConsumeObserver> {
    const active = api.context.active();
    const sent = messages.map(({ properties }) => api.propagation.extract(active, properties));
    const [first] = sent;
    const parent = sent.length === 1 && first !== undefined ? first : active;
    const links = sent.flatMap((context) => {
      const spanContext = api.trace.getSpanContext(context);
      return spanContext === undefined ? [] : [{ context: spanContext }];
    });
    const { topic } = messages[0] as ReceivedMessage;
    const span = tracer.startSpan(
      `process ${topic}`,
      {
        kind: api.SpanKind.CONSUMER,
        attributes: {
          ...SYSTEM,
          'messaging.operation.name': 'process',
          'messaging.operation.type': 'process',
          'messaging.destination.name': topic,
          'messaging.consumer.group.name': consumerGroup,
          ...brokerAttributes(messages[0]?.storeHost, messageQueue.queueId),
          ...messageAttributes(messages.map(receivedFacts)),
        },
        links: sent.length === 1 ? [] : links,
      },
      parent,
    );
    const context = api.trace.setSpan(parent, span);
    return {
      run: (handler) => api.context.with(context, handler),
      end: ({ success, returnType, error }: ConsumeOutcomeObserved) => {
        span.setAttribute('messaging.rocketmq.consume.result', returnType);
        finish(span, success ? undefined : (error ?? returnType));
      },
    };
  }

  function onEndTransaction(end: EndTransactionObserved): void {
    const parent = api.propagation.extract(api.context.active(), { ...end.properties });
    const attributes = {
      ...SYSTEM,
      'messaging.operation.name': 'settle',
      'messaging.operation.type': 'settle',
      'messaging.destination.name': end.topic,
      'messaging.rocketmq.client_group': end.producerGroup,
      'messaging.message.id': end.msgId,
      'messaging.rocketmq.message.type': 'transaction',
      'messaging.rocketmq.transaction.state': end.transactionState,
      'messaging.rocketmq.transaction.checked': end.fromTransactionCheck,
      ...brokerAttributes(end.brokerAddress, undefined),
    };
    tracer.startSpan(`settle ${end.topic}`, { kind: api.SpanKind.PRODUCER, attributes }, parent).end();
  }

  function finish(span: OtelSpan, error: unknown): void {
    if (error !== undefined) {
      const message = error instanceof Error ? error.message : String(error);
      if (error instanceof Error) span.recordException(error);
      span.setAttribute('error.type', errorType(error));
      span.setStatus({ code: api.SpanStatusCode.ERROR, message });
    }
    span.end();
  }

  return { onSend, onConsume, onEndTransaction };
}

function sendAttributes(send: SendObserved): Attributes {
  return {
    ...SYSTEM,
    'messaging.operation.name': 'send',
    'messaging.operation.type': 'send',
    'messaging.destination.name': send.topic,
    'messaging.rocketmq.client_group': send.producerGroup,
    'messaging.rocketmq.message.type': MESSAGE_TYPES[send.messageType],
    ...messageAttributes(send.messages),
  };
}

/** Of one message what is its own; of several how many they are. */
function messageAttributes(messages: readonly HookedMessage[]): Attributes {
  const [message] = messages;
  if (message === undefined || messages.length > 1)
    return { 'messaging.batch.message_count': messages.length };
  const { msgId, bodyLength, properties } = message;
  const attributes: Attributes = { 'messaging.message.id': msgId, 'messaging.message.body.size': bodyLength };
  const tag = properties[MessageConst.TAGS];
  if (tag !== undefined) attributes['messaging.rocketmq.message.tag'] = tag;
  const keys = properties[MessageConst.KEYS];
  if (keys !== undefined) attributes['messaging.rocketmq.message.keys'] = keys.split(' ');
  return attributes;
}

function receivedFacts({ msgId, body, properties }: ReceivedMessage): HookedMessage {
  return { msgId, bodyLength: body.length, properties };
}

function brokerAttributes(address: string | undefined, queueId: number | undefined): Attributes {
  const attributes: Attributes = {};
  const colon = address?.lastIndexOf(':') ?? -1;
  if (address !== undefined && colon > 0) {
    attributes['server.address'] = address.slice(0, colon);
    attributes['server.port'] = Number(address.slice(colon + 1));
  }
  if (queueId !== undefined) attributes['messaging.destination.partition.id'] = String(queueId);
  return attributes;
}

function set(span: OtelSpan, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) span.setAttribute(name, value);
}

/** A code where there is one, else the class; never a text that holds data. */
function errorType(error: unknown): string {
  if (typeof error === 'string') return error;
  if (error instanceof Error) return 'code' in error ? String(error.code) : error.name;
  return typeof error;
}
