// What a consumer says of itself, as upstream writes it to a file, and what is noticed in it (ConsumerRunningInfo).
import {
  messageQueueText,
  type ConsumerRunningInfo,
  type MessageQueue,
  type PopProcessQueueInfo,
  type ProcessQueueInfo,
} from '@mq/remoting/protocol';
import type { MqadminHost } from './mqadmin-host.js';
import { printf } from './printf.js';
import { toCompactMillis } from './timestamps.js';

type LocalTime = Pick<MqadminHost, 'utcOffsetMinutes'>;

const SETTLED_MS = 120_000;
const STUCK_MS = 60_000;

export function runningInfoText(info: ConsumerRunningInfo, host: LocalTime): string {
  const queues = [...info.mqTable];
  const sections = [
    section('#Consumer Properties#', pairs(info.properties)),
    section('#Consumer Subscription#', subscriptionLines(info)),
    section('#Consumer Offset#', [
      queueTitle('%-64s', '#Consumer Offset'),
      ...queues.map(([queue, { commitOffset }]) =>
        queueLine('%-32s', queue, String(commitOffset).padEnd(20)),
      ),
    ]),
    section('#Consumer MQ Detail#', [
      queueTitle('%-64s', '#ProcessQueueInfo'),
      ...queues.map(([queue, state]) => queueLine('%-64s', queue, processQueueText(state, host))),
    ]),
    section('#Consumer Pop Detail#', [
      queueTitle('%-32s', '#ProcessQueueInfo'),
      ...[...(info.mqPopTable ?? [])].map(([queue, state]) => queueLine('%-32s', queue, popQueueText(state))),
    ]),
    section('#Consumer RT&TPS#', rateLines(info)),
  ];
  if (info.userConsumerInfo !== undefined)
    sections.push(section('#User Consume Info#', pairs(info.userConsumerInfo)));
  if (info.jstack !== undefined) sections.push(`#Consumer jstack#\n${info.jstack}`);
  return sections.join('\n\n');
}

const section = (title: string, lines: readonly string[]): string => `${[title, ...lines].join('\n')}\n`;

const pairs = (table: Readonly<Record<string, string>>): string[] =>
  Object.entries(table).map(([name, value]) => printf('%-40s: %s', name, value));

const queueTitle = (topicColumn: string, last: string): string =>
  printf(`${topicColumn}  %-32s  %-4s  %-20s`, '#Topic', '#Broker Name', '#QID', last);

const queueLine = (topicColumn: string, { topic, brokerName, queueId }: MessageQueue, last: string): string =>
  printf(`${topicColumn}  %-32s  %-4d  %s`, topic, brokerName, queueId, last);

function subscriptionLines({ subscriptionSet }: ConsumerRunningInfo): string[] {
  return subscriptionSet.map(({ topic, classFilterMode, subString }, index) =>
    printf(
      '%03d Topic: %-40s ClassFilter: %-8s SubExpression: %s',
      ...[index + 1, topic, classFilterMode, subString],
    ),
  );
}

function rateLines({ statusTable }: ConsumerRunningInfo): string[] {
  const titles = ['#Topic', '#Pull RT', '#Pull TPS', '#Consume RT', '#ConsumeOK TPS', '#ConsumeFailed TPS'];
  const title = printf('%-64s  %14s %14s %14s %14s %18s %25s', ...titles, '#ConsumeFailedMsgsInHour');
  const lines = Object.entries(statusTable).map(([topic, rates]) => {
    const { pullRT, pullTPS, consumeRT, consumeOKTPS, consumeFailedTPS, consumeFailedMsgs } = rates;
    const values = [pullRT, pullTPS, consumeRT, consumeOKTPS, consumeFailedTPS, consumeFailedMsgs];
    return printf('%-32s  %14.2f %14.2f %14.2f %14.2f %18.2f %25d', topic, ...values);
  });
  return [title, ...lines];
}

function processQueueText(state: ProcessQueueInfo, host: LocalTime): string {
  const time = (timestampMs: number): string => toCompactMillis(timestampMs, host);
  const fields: [string, string | number | boolean][] = [
    ['commitOffset', state.commitOffset],
    ['cachedMsgMinOffset', state.cachedMsgMinOffset],
    ['cachedMsgMaxOffset', state.cachedMsgMaxOffset],
    ['cachedMsgCount', state.cachedMsgCount],
    ['cachedMsgSizeInMiB', state.cachedMsgSizeInMiB],
    ['transactionMsgMinOffset', state.transactionMsgMinOffset],
    ['transactionMsgMaxOffset', state.transactionMsgMaxOffset],
    ['transactionMsgCount', state.transactionMsgCount],
    ['locked', state.locked],
    ['tryUnlockTimes', state.tryUnlockTimes],
    ['lastLockTimestamp', time(state.lastLockTimestamp)],
    ['droped', state.droped],
    ['lastPullTimestamp', time(state.lastPullTimestamp)],
    ['lastConsumeTimestamp', time(state.lastConsumeTimestamp)],
  ];
  return `ProcessQueueInfo [${fields.map(([name, value]) => `${name}=${value}`).join(', ')}]`;
}

const popQueueText = ({ waitAckCount, droped, lastPopTimestamp }: PopProcessQueueInfo): string =>
  `PopProcessQueueInfo [waitAckCount:${waitAckCount}, droped:${droped}, lastPopTimestamp:${lastPopTimestamp}]`;

/** Whether it is one that messages are pushed to. */
export const isPushConsumer = ({ properties }: ConsumerRunningInfo): boolean =>
  properties['PROP_CONSUME_TYPE'] === 'CONSUME_PASSIVELY';

/** Whether all members subscribe to the same; true while the group is young, when it is still changing. */
export function hasSameSubscriptions(infos: readonly ConsumerRunningInfo[], nowMs: number): boolean {
  const last = infos.at(-1);
  const startedMs = Number(last?.properties['PROP_CONSUMER_START_TIMESTAMP'] ?? nowMs);
  if (last === undefined || !isPushConsumer(last) || nowMs - startedMs <= SETTLED_MS) return true;
  return new Set(infos.map(subscriptionKey)).size === 1;
}

const subscriptionKey = ({ subscriptionSet }: ConsumerRunningInfo): string =>
  subscriptionSet
    .map(({ topic, subString, expressionType }) => JSON.stringify([topic, subString, expressionType]))
    .sort()
    .join();

/** Queues of a push consumer that seem stuck, in upstream's words. */
export function queueProblems(clientId: string, info: ConsumerRunningInfo, nowMs: number): string[] {
  if (!isPushConsumer(info)) return [];
  const isOrderly = info.properties['PROP_CONSUMEORDERLY'] === 'true';
  return [...info.mqTable].flatMap(([queue, state]) => {
    const problem = isOrderly ? lockProblem(state, nowMs) : stuckProblem(state, nowMs);
    return problem === undefined ? [] : [`${clientId} ${messageQueueText(queue)} ${problem}`];
  });
}

function lockProblem(state: ProcessQueueInfo, nowMs: number): string | undefined {
  if (!state.locked) return `can't lock for a while, ${nowMs - state.lastLockTimestamp}ms`;
  if (state.droped && state.tryUnlockTimes > 0) return `unlock ${state.tryUnlockTimes} times, still failed`;
  return undefined;
}

function stuckProblem(state: ProcessQueueInfo, nowMs: number): string | undefined {
  const idleMs = nowMs - state.lastConsumeTimestamp;
  if (idleMs <= STUCK_MS || state.cachedMsgCount === 0) return undefined;
  return `can't consume for a while, maybe blocked, ${idleMs}ms`;
}
