/** `yyyy-MM-dd#HH:mm:ss:SSS` in the local zone, as upstream's `UtilAll.YYYY_MM_DD_HH_MM_SS_SSS`. */
export function javaTimestamp(timestampMs: number): string {
  const time = new Date(timestampMs);
  const pad = (value: number, width = 2): string => String(value).padStart(width, '0');
  const date = [pad(time.getFullYear(), 4), pad(time.getMonth() + 1), pad(time.getDate())].join('-');
  const clock = [pad(time.getHours()), pad(time.getMinutes()), pad(time.getSeconds())].join(':');
  return `${date}#${clock}:${pad(time.getMilliseconds(), 3)}`;
}
