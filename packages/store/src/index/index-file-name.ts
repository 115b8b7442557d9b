/** Name of an index file: local time, yyyyMMddHHmmssSSS (upstream UtilAll.timeMillisToHumanString). */
export function indexFileName(timeMs: number): string {
  const time = new Date(timeMs);
  const pad = (value: number, digits = 2): string => String(value).padStart(digits, '0');
  return (
    pad(time.getFullYear(), 4) +
    pad(time.getMonth() + 1) +
    pad(time.getDate()) +
    pad(time.getHours()) +
    pad(time.getMinutes()) +
    pad(time.getSeconds()) +
    pad(time.getMilliseconds(), 3)
  );
}
