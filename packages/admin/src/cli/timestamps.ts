// Times as mqadmin prints and reads them: in the local zone of the operator.
import type { MqadminHost } from './mqadmin-host.js';
import { UsageError } from '@mq/remoting/settings';

type LocalTime = Pick<MqadminHost, 'utcOffsetMinutes'>;

const MINUTE_MS = 60_000;

/** `2026-11-21 13:23:55` */
export const toSeconds = (timestampMs: number, host: LocalTime): string => {
  const { date, time } = localParts(timestampMs, host);
  return `${date} ${time}`;
};

/** `2026-11-21 13:23:55,544` */
export const toMillis = (timestampMs: number, host: LocalTime): string => {
  const { date, time, millis } = localParts(timestampMs, host);
  return `${date} ${time},${millis}`;
};

/** `20261121132355544` */
export const toCompactMillis = (timestampMs: number, host: LocalTime): string =>
  toMillis(timestampMs, host).replace(/\D/g, '');

function localParts(timestampMs: number, host: LocalTime): { date: string; time: string; millis: string } {
  const shifted = new Date(timestampMs + host.utcOffsetMinutes(timestampMs) * MINUTE_MS);
  if (Number.isNaN(shifted.getTime())) return { date: '-', time: '-', millis: '-' };
  const [date = '', rest = ''] = shifted.toISOString().split('T');
  return { date, time: rest.slice(0, 8), millis: rest.slice(9, 12) };
}

/**
 * Reads milliseconds since 1970, `now`, or local time as `yyyy-MM-dd#HH:mm:ss:SSS`.
 * @throws UsageError
 */
export function parseTimestamp(text: string, host: LocalTime & Pick<MqadminHost, 'now'>): number {
  if (text === 'now') return host.now();
  if (/^-?\d+$/.test(text)) return Number(text);
  const [, date, time, millis] = /^(\d{4}-\d\d-\d\d)#(\d\d:\d\d:\d\d):(\d{1,3})$/.exec(text) ?? [];
  const asUtcMs = date === undefined ? NaN : Date.parse(`${date}T${time}.${millis?.padStart(3, '0')}Z`);
  if (Number.isNaN(asUtcMs)) {
    throw new UsageError(
      `"${text}" is no time: give now, milliseconds since 1970, or yyyy-MM-dd#HH:mm:ss:SSS`,
    );
  }
  return asUtcMs - host.utcOffsetMinutes(asUtcMs) * MINUTE_MS;
}
