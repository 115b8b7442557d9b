import { execFileSync } from 'node:child_process';
import { goldenPath } from '@mq-tools/testing';

export type GoldenVersion = '5.3.3' | '4.9.7';

/** A file of the config folder of the store that Apache's broker of this version wrote. */
export function goldenConfig(version: GoldenVersion, name: string): string {
  const archive = goldenPath(`store-${version}/store.tar.gz`);
  return execFileSync('tar', ['-xzOf', archive, `store/config/${name}`], { encoding: 'utf8' });
}
