// What controls do to a broker that is down: a group's offsets are moved, as if other messages had been consumed.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Moves what `group` has committed of `topic`; does nothing where it has committed nothing.
 * @param offsetOf gives the new offset of a queue, by its id
 */
export function moveGroupOffsets(storeDir, topic, group, offsetOf) {
  const file = join(storeDir, 'config', 'consumerOffset.json');
  const row = new RegExp(`"${topic}@${group}"\\s*:\\s*\\{[^}]*`);
  const moved = readFileSync(file, 'utf8').replace(row, (queues) =>
    queues.replaceAll(
      /(\d+)("?\s*:\s*)\d+/g,
      (_, queueId, colon) => `${queueId}${colon}${offsetOf(Number(queueId))}`,
    ),
  );
  writeFileSync(file, moved);
}
